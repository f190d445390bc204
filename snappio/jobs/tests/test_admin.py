"""What staff see of the queue."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django_tasks import TaskResultStatus

from snappio.jobs.models import Heartbeat, QueuedJob
from snappio.jobs.queue import run_due_jobs
from snappio.jobs.tests import examples

pytestmark = pytest.mark.django_db

LIST = "/admin/jobs/queuedjob/"


@pytest.fixture(autouse=True)
def _static_files(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def failed_job():
    examples.leave.enqueue()
    run_due_jobs()
    return QueuedJob.objects.get()


@pytest.fixture
def run_again(client):
    def run_again():
        chosen = [str(pk) for pk in QueuedJob.objects.values_list("pk", flat=True)]
        return client.post(LIST, {"action": "run_again", "_selected_action": chosen})

    return run_again


def sign_in_staff(client, *rights):
    staff = get_user_model().objects.create_user("moderator", "m@example.org", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(staff, backend="snappio.accounts.backends.AdminBackend")


def test_failed_jobs_stay_visible(admin_client, failed_job):
    answer = admin_client.get(LIST, {"status__exact": "FAILED"})

    assert failed_job.task_path in answer.text
    assert "SystemExit" in answer.text
    assert "Traceback" in admin_client.get(f"{LIST}{failed_job.pk}/change/").text


def test_staff_run_failed_jobs_again(client, failed_job, run_again):
    sign_in_staff(client, "view_queuedjob", "change_queuedjob")

    run_again()

    failed_job.refresh_from_db()
    assert (failed_job.status, failed_job.attempts) == (TaskResultStatus.READY, 0)


def test_refuses_to_run_again_for_staff_who_may_only_look(client, failed_job, run_again):
    sign_in_staff(client, "view_queuedjob")

    run_again()

    failed_job.refresh_from_db()
    assert failed_job.status == TaskResultStatus.FAILED


@pytest.mark.parametrize("model", ["queuedjob", "heartbeat", "schedule"])
def test_nothing_can_be_added_by_hand(admin_client, model):
    Heartbeat.objects.create(worker_id="w")

    assert admin_client.get(f"/admin/jobs/{model}/").status_code == 200
    assert admin_client.get(f"/admin/jobs/{model}/add/").status_code == 403


def test_jobs_are_listed_once(admin_client):
    assert "django_tasks_database" not in admin_client.get("/admin/").text
