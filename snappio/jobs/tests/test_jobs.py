"""Declaring and enqueueing."""

from datetime import timedelta
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction

from snappio.core.clock import now
from snappio.jobs.jobs import job
from snappio.jobs.models import QueuedJob
from snappio.jobs.queue import run_due_jobs
from snappio.jobs.tests import examples

pytestmark = pytest.mark.django_db


def test_job_commits_with_its_transaction():
    with transaction.atomic():
        examples.note.enqueue(text="kept")

    assert run_due_jobs() == 1
    assert examples.done == ["kept"]


def test_job_is_rolled_back_with_its_transaction():
    def change_mind():
        with transaction.atomic():
            examples.note.enqueue(text="never")
            raise LookupError

    with pytest.raises(LookupError):
        change_mind()

    assert not QueuedJob.objects.exists()
    assert run_due_jobs() == 0


def test_jobs_run_in_the_order_of_their_enqueueing():
    for text in "abc":
        examples.note.enqueue(text=text)

    run_due_jobs()

    assert examples.done == ["a", "b", "c"]


def test_job_for_later_waits_for_its_time():
    examples.note.using(run_after=now() + timedelta(hours=1)).enqueue(text="later")

    assert run_due_jobs() == 0
    assert run_due_jobs(at=now() + timedelta(hours=2)) == 1


@pytest.mark.django_db(transaction=True)
def test_coroutines_enqueue_too():
    async_to_sync(examples.note.aenqueue)(text="from a coroutine")

    run_due_jobs()

    assert examples.done == ["from a coroutine"]


@pytest.mark.parametrize("arguments", [{}, {"txt": "typo"}, {"text": "x", "more": 1}])
def test_refuses_wrong_arguments_when_enqueued(arguments):
    with pytest.raises(TypeError):
        examples.note.enqueue(**arguments)

    assert not QueuedJob.objects.exists()


def test_refuses_positional_arguments():
    with pytest.raises(TypeError):
        examples.note.enqueue("text")


def test_refuses_arguments_that_are_no_json():
    with pytest.raises(TypeError):
        examples.note.enqueue(text=uuid4())


def test_refuses_to_declare_positional_parameters():
    def positional(text: str) -> None: ...

    with pytest.raises(TypeError, match="keyword-only"):
        job()(positional)
