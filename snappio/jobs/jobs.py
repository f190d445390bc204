"""Declaring jobs: what an app writes in its `tasks.py`.

    @job(attempts=5)
    def make_renditions(*, image_id: int) -> None:
        services.make_renditions(image_id)

    make_renditions.enqueue(image_id=image.pk)

A job runs *at least once*: its worker may die after the effect and before saying
so. Make the effect idempotent (a conditional UPDATE, a unique key), and it
happens exactly once. The runner opens no transaction around the function.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ParamSpec

from asgiref.sync import sync_to_async
from django.db import transaction
from django_tasks import TaskResult
from django_tasks.base import Task

from snappio.core.clock import now
from snappio.jobs.waking import wake_workers

P = ParamSpec("P")

# With the back-off of `queue.delay_after`, the last comes about half an hour after the first.
DEFAULT_ATTEMPTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Task[P, None]):
    """A function that workers run; `using(run_after=…)` gives a copy for later."""

    attempts: int = DEFAULT_ATTEMPTS

    def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> TaskResult[None]:
        """Write the job into the current transaction: it runs only if that commits.

        Arguments are checked here, where the mistake is, not later in a worker;
        they must be JSON.
        """
        inspect.signature(self.func).bind(*args, **kwargs)
        result = self.get_backend().enqueue(self._due_since(), (), kwargs)
        transaction.on_commit(wake_workers, robust=True)
        return result

    async def aenqueue(self, *args: P.args, **kwargs: P.kwargs) -> TaskResult[None]:
        """Do as `enqueue`, from a coroutine (in no transaction of the caller's)."""
        return await sync_to_async(self.enqueue)(*args, **kwargs)

    def _due_since(self) -> "Job[P]":
        # The library writes the year 9999 for "at once"; a real time lets one
        # range of its index find what is due, oldest first.
        return self if self.run_after is not None else replace(self, run_after=now())


def job(*, attempts: int = DEFAULT_ATTEMPTS) -> Callable[[Callable[P, None]], Job[P]]:
    """Make a function of a `tasks` module a job, tried up to ``attempts`` times.

    Its parameters must be keyword-only: jobs outlive the code that wrote them,
    and a name survives a change that a position does not.
    """

    def declare(function: Callable[P, None]) -> Job[P]:
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind is not parameter.KEYWORD_ONLY:
                raise TypeError(f"Parameter {parameter.name!r} of a job must be keyword-only.")
        return Job(func=function, attempts=attempts)

    return declare
