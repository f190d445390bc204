"""Attempts, back-off, dead letters, taking over from the dead."""

import logging
from datetime import timedelta

import pytest
from django_tasks import TaskResultStatus

from snappio.core.clock import now
from snappio.jobs import queue
from snappio.jobs.models import Heartbeat, QueuedJob
from snappio.jobs.tests import examples

pytestmark = pytest.mark.django_db

LEASE = timedelta(seconds=30)


def reap(**more):
    return queue.reap(**{"lease": LEASE, "worker_id": "reaper", "running": (), "at": now(), **more})


def test_success_is_written_down():
    examples.note.enqueue(text="x")

    queue.run_due_jobs()

    job = QueuedJob.objects.get()
    assert job.status == TaskResultStatus.SUCCESSFUL
    assert job.finished_at is not None
    assert job.attempts == 1


def test_failure_comes_back_after_a_growing_delay():
    examples.fail_at_first.enqueue(key="x", failures=2)
    first, second = now(), now() + timedelta(minutes=1)

    queue.run_due_jobs(at=first)
    first_delay = QueuedJob.objects.get().run_after - first
    queue.run_due_jobs(at=second)
    second_delay = QueuedJob.objects.get().run_after - second
    queue.run_due_jobs(at=second + timedelta(minutes=1))

    assert timedelta(seconds=3.7) < first_delay < timedelta(seconds=6.3)
    assert timedelta(seconds=11.2) < second_delay < timedelta(seconds=18.8)
    job = QueuedJob.objects.get()
    assert (job.status, job.attempts, job.traceback) == (TaskResultStatus.SUCCESSFUL, 3, "")
    assert examples.done == ["x"]


def test_delay_stops_growing_at_a_quarter_of_an_hour():
    assert queue.delay_after(50) <= timedelta(minutes=15) * 1.25


def test_failure_waits_for_its_delay():
    examples.fail_at_first.enqueue(key="x", failures=1)

    queue.run_due_jobs()
    queue.run_due_jobs()

    assert examples.calls["x"] == 1


def test_last_failure_stays_as_a_dead_letter_and_is_logged(caplog):
    examples.fail_at_first.enqueue(key="x", failures=9)

    for hours in range(5):
        queue.run_due_jobs(at=now() + timedelta(hours=hours))

    job = QueuedJob.objects.get()
    assert (job.status, job.attempts) == (TaskResultStatus.FAILED, 3)
    assert job.exception_class_path == "builtins.RuntimeError"
    assert "no luck" in job.traceback
    assert examples.calls["x"] == 3
    assert [r.levelno for r in caplog.records if r.name == queue.__name__] == [
        logging.WARNING, logging.WARNING, logging.ERROR,
    ]  # fmt: skip


def test_exit_of_a_job_is_a_failure():
    examples.leave.enqueue()

    queue.run_due_jobs()

    assert QueuedJob.objects.get().status == TaskResultStatus.FAILED


@pytest.mark.parametrize("path", ["snappio.gone.tasks.nothing", "snappio.jobs.queue.claim", "x"])
def test_job_without_code_is_tried_again_later(path):
    examples.note.enqueue(text="x")
    QueuedJob.objects.update(task_path=path)

    queue.run_due_jobs()

    job = QueuedJob.objects.get()
    assert (job.status, job.attempts) == (TaskResultStatus.READY, 1)


def test_job_of_a_silent_worker_goes_to_another():
    examples.note.enqueue(text="x")
    Heartbeat.objects.create(worker_id="dead", seen_at=now() - 2 * LEASE)
    queue.claim("dead", at=now())

    assert len(reap()) == 1
    assert reap() == []
    queue.run_due_jobs(at=now() + timedelta(minutes=1))

    job = QueuedJob.objects.get()
    assert job.status == TaskResultStatus.SUCCESSFUL
    assert job.worker_ids == ["dead", "console"]
    assert examples.done == ["x"]


def test_job_of_a_living_worker_stays_with_it():
    examples.note.enqueue(text="x")
    Heartbeat.objects.create(worker_id="alive")
    queue.claim("alive", at=now())

    assert reap() == []


def test_job_that_kills_its_workers_ends_as_a_dead_letter():
    examples.fail_at_first.enqueue(key="x", failures=0)

    for hours in range(5):
        queue.claim("victim", at=now() + timedelta(hours=hours))
        reap()

    job = QueuedJob.objects.get()
    assert (job.status, job.attempts) == (TaskResultStatus.FAILED, 3)
    assert job.exception_class_path == "snappio.jobs.queue.WorkerLost"


def test_worker_takes_back_its_own_interrupted_claim():
    examples.note.enqueue(text="x")
    claimed = queue.claim("reaper", at=now())
    later = now() + 2 * LEASE

    assert reap() == []
    assert reap(running={claimed.pk}, at=later) == []
    assert len(reap(at=later)) == 1


@pytest.mark.parametrize("error", [None, RuntimeError("late")])
def test_returning_worker_does_not_settle_what_went_to_another(error):
    examples.note.enqueue(text="x")
    mine = queue.claim("paused", at=now())
    reap()
    other = queue.claim("other", at=now() + timedelta(minutes=1))

    assert not queue.settle(mine, error, at=now())

    job = QueuedJob.objects.get()
    assert (job.status, job.worker_ids) == (TaskResultStatus.RUNNING, ["paused", "other"])
    assert queue.settle(other, None, at=now())


def test_returning_worker_does_not_settle_its_own_later_attempt():
    examples.note.enqueue(text="x")
    first = queue.claim("paused", at=now())
    reap()
    second = queue.claim("paused", at=now() + timedelta(minutes=1))

    assert not queue.settle(first, None, at=now())
    assert queue.settle(second, None, at=now())


def test_running_again_gives_failed_jobs_all_attempts_anew():
    examples.fail_at_first.enqueue(key="x", failures=4)
    for hours in range(5):
        queue.run_due_jobs(at=now() + timedelta(hours=hours))
    examples.note.enqueue(text="not failed")

    assert queue.run_again(QueuedJob.objects.all()) == 1
    for hours in range(5):
        queue.run_due_jobs(at=now() + timedelta(hours=hours))

    assert examples.calls["x"] == 5
    assert examples.done == ["not failed", "x"]
