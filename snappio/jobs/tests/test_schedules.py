"""Jobs that repeat."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from snappio.core.clock import now
from snappio.jobs import schedules
from snappio.jobs.models import QueuedJob, Schedule
from snappio.jobs.queue import run_due_jobs
from snappio.jobs.tests import examples

pytestmark = pytest.mark.django_db

EVERY = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def schedule(monkeypatch):
    monkeypatch.setattr(schedules, "_intervals", {})
    schedules.every(EVERY)(examples.note_turn)


def test_first_run_is_due_at_once():
    at = now()

    assert schedules.tick(at=at) == 1
    assert Schedule.objects.get().next_due_at == at + EVERY


def test_runs_once_in_each_interval():
    begin = now()

    for minute in range(20):
        schedules.tick(at=begin + timedelta(minutes=minute))
        run_due_jobs()

    assert len(examples.done) == 4


def test_missed_runs_are_not_made_up_for():
    begin = now()
    schedules.tick(at=begin)
    run_due_jobs()
    late = begin + timedelta(hours=3, minutes=1)

    assert schedules.tick(at=late) == 1
    assert schedules.tick(at=late) == 0
    assert Schedule.objects.get().next_due_at == begin + timedelta(hours=3, minutes=5)


def test_run_that_still_waits_stands_for_the_next():
    begin = now()

    assert schedules.tick(at=begin) == 1
    assert schedules.tick(at=begin + EVERY) == 0
    assert QueuedJob.objects.count() == 1


def test_shortened_interval_acts_at_once():
    at = now()
    Schedule.objects.create(name=examples.note_turn.module_path, next_due_at=at + timedelta(days=7))

    assert schedules.tick(at=at) == 1
    assert Schedule.objects.get().next_due_at == at + EVERY


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.django_db(transaction=True)
def test_one_of_many_workers_enqueues(is_new):
    at = now()
    if not is_new:
        Schedule.objects.create(name=examples.note_turn.module_path, next_due_at=at)
    together = threading.Barrier(6)

    def tick():
        try:
            together.wait()
            return schedules.tick(at=at)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        enqueued = [threads.submit(tick) for _ in range(6)]

    assert sum(future.result() for future in enqueued) == 1
    assert QueuedJob.objects.count() == 1


def test_refuses_an_interval_of_nothing():
    with pytest.raises(ValueError, match="positive"):
        schedules.every(timedelta())
