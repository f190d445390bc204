"""What the queue does for itself."""

from datetime import timedelta

import pytest
from django_tasks import TaskResultStatus

from snappio.core.clock import now
from snappio.jobs import schedules, tasks
from snappio.jobs.models import Heartbeat, QueuedJob
from snappio.jobs.tests import examples

pytestmark = pytest.mark.django_db


def make_job(text, **fields):
    examples.note.enqueue(text=text)
    QueuedJob.objects.filter(args_kwargs__kwargs__text=text).update(**fields)


def test_deletes_what_was_finished_a_week_ago():
    long_ago, lately = now() - timedelta(days=8), now() - timedelta(days=6)
    make_job("old success", status=TaskResultStatus.SUCCESSFUL, finished_at=long_ago)
    make_job("old failure", status=TaskResultStatus.FAILED, finished_at=long_ago)
    make_job("late success", status=TaskResultStatus.SUCCESSFUL, finished_at=lately)
    make_job("late failure", status=TaskResultStatus.FAILED, finished_at=lately)
    make_job("waiting", enqueued_at=long_ago)

    tasks.delete_old_rows.call()

    kept = QueuedJob.objects.values_list("args_kwargs__kwargs__text", flat=True)
    assert sorted(kept) == ["late failure", "late success", "waiting"]


def test_deletes_the_heartbeats_of_workers_long_dead():
    Heartbeat.objects.create(worker_id="dead", seen_at=now() - timedelta(days=2))
    Heartbeat.objects.create(worker_id="alive")

    tasks.delete_old_rows.call()

    assert [beat.pk for beat in Heartbeat.objects.all()] == ["alive"]


def test_schedules_of_all_apps_are_known():
    assert {
        "snappio.jobs.tasks.delete_old_rows",
        "snappio.accounts.tasks.delete_expired_sessions",
    } <= schedules._intervals.keys()
