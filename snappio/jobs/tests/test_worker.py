"""Workers in threads of this process."""

import logging
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django_tasks import TaskResultStatus

from snappio.core.clock import now
from snappio.jobs import queue, schedules
from snappio.jobs.models import Heartbeat, QueuedJob
from snappio.jobs.tests import examples
from snappio.jobs.tests.waiting import eventually
from snappio.jobs.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)

TABLE = QueuedJob._meta.db_table
# Longer than any test: what happens sooner was not found by polling.
NEVER_POLL = 100


@pytest.fixture
def start():
    workers = []

    def start(**options):
        worker = Worker(**{"poll_seconds": 0.05, **options})
        workers.append(worker)
        worker.start()
        return worker

    yield start
    examples.may_end.set()
    for worker in workers:
        assert worker.stop(10)


def of(job):
    return QueuedJob.objects.filter(task_path=job.module_path)


def has_run_schedules(worker):
    """Say whether what all schedules had due at the start is done."""
    return worker.jobs_done >= len(schedules._intervals)


def is_over(job):
    return not of(job).unfinished().exists()


def test_each_job_runs_once_among_racing_workers(start):
    texts = [str(number) for number in range(60)]
    for text in texts:
        examples.note.enqueue(text=text)

    for _ in range(2):
        start(threads=2)
    eventually(lambda: is_over(examples.note))

    assert Counter(examples.done) == Counter(texts)
    assert {job.attempts for job in of(examples.note)} == {1}


def test_commit_wakes_the_worker(start):
    worker = start(poll_seconds=NEVER_POLL)
    eventually(lambda: has_run_schedules(worker))
    time.sleep(0.2)  # Time to fall asleep again; nothing to wait on.

    with transaction.atomic():
        examples.note.enqueue(text="x")
        assert examples.done == []

    eventually(lambda: examples.done == ["x"], seconds=2)


def test_polling_finds_jobs_of_other_processes(start):
    start(poll_seconds=0.05)
    examples.note.using(run_after=now() + timedelta(seconds=0.3)).enqueue(text="x")

    eventually(lambda: examples.done == ["x"], seconds=5)


def test_threads_run_jobs_side_by_side(start):
    start(threads=2, poll_seconds=NEVER_POLL)
    examples.wait_for_permission.enqueue()
    assert examples.started.wait(5)

    examples.note.enqueue(text="x")

    eventually(lambda: examples.done == ["x"], seconds=5)


def test_stop_finishes_the_present_job_and_takes_no_other():
    worker = Worker(poll_seconds=0.05)
    worker.start()
    examples.wait_for_permission.enqueue()
    assert examples.started.wait(5)
    examples.note.enqueue(text="for another worker")

    assert not worker.stop(0.1)
    assert of(examples.wait_for_permission).running().exists()
    examples.may_end.set()
    assert worker.stop(10)

    assert of(examples.wait_for_permission).get().status == TaskResultStatus.SUCCESSFUL
    assert of(examples.note).get().status == TaskResultStatus.READY
    assert examples.done == ["permitted"]
    assert not Heartbeat.objects.exists()


def test_long_job_stays_with_its_worker(start):
    lease = timedelta(seconds=0.6)
    first = start(lease=lease)
    examples.wait_for_permission.enqueue()
    assert examples.started.wait(5)

    second = start(lease=lease)
    eventually(lambda: time.monotonic() - second._steady_since > 3 * lease.total_seconds())
    examples.may_end.set()
    eventually(lambda: is_over(examples.wait_for_permission))

    assert of(examples.wait_for_permission).get().worker_ids == [first.id]


def test_worker_claims_nothing_while_others_hold_it_for_dead(start):
    worker = start(lease=timedelta(seconds=100), poll_seconds=NEVER_POLL)
    eventually(lambda: has_run_schedules(worker))
    # As after a long pause of the process.
    Heartbeat.objects.update(seen_at=now() - timedelta(hours=1))
    worker._beaten_at -= 3600

    examples.wait_for_permission.enqueue()
    assert examples.started.wait(5)

    assert Heartbeat.objects.live(lease=timedelta(seconds=100)).exists()


def test_goes_on_after_the_queue_was_away(start, caplog):
    worker = start()
    eventually(lambda: has_run_schedules(worker))

    with connection.schema_editor() as schema:
        schema.execute(f"ALTER TABLE {TABLE} RENAME TO away")
    eventually(lambda: any(r.levelno >= logging.WARNING for r in caplog.records))
    with connection.schema_editor() as schema:
        schema.execute(f"ALTER TABLE away RENAME TO {TABLE}")
    examples.note.enqueue(text="x")

    eventually(lambda: examples.done == ["x"])


def test_writes_down_the_end_of_a_job_after_its_connection_broke(start):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connections that another could break.")
    start()
    examples.wait_for_permission.enqueue()
    assert examples.started.wait(5)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    examples.may_end.set()
    eventually(lambda: is_over(examples.wait_for_permission))

    job = of(examples.wait_for_permission).get()
    assert (job.status, job.attempts) == (TaskResultStatus.SUCCESSFUL, 1)


def test_takes_over_from_a_dead_worker_after_the_lease(start):
    examples.note.enqueue(text="x")
    queue.claim("dead", at=now())

    start(lease=timedelta(seconds=0.5))
    eventually(lambda: of(examples.note).get().status == TaskResultStatus.READY)
    of(examples.note).update(run_after=now())  # Does not wait for the back-off.
    eventually(lambda: is_over(examples.note))

    assert examples.done == ["x"]
    assert of(examples.note).get().attempts == 2


def test_wake_looks_for_jobs_at_once(start):
    worker = start(poll_seconds=NEVER_POLL)
    eventually(lambda: has_run_schedules(worker))
    examples.note.using(run_after=now() + timedelta(seconds=0.3)).enqueue(text="x")
    eventually(lambda: QueuedJob.objects.due(at=now()).exists())

    worker.wake()

    eventually(lambda: examples.done == ["x"], seconds=5)
