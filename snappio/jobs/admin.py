"""The staff's view of the queue: look at everything, run failed jobs again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django_tasks_db.admin import DBTaskResultAdmin
from django_tasks_db.models import DBTaskResult

from snappio.core.admin import LookedAt
from snappio.jobs.models import Heartbeat, QueuedJob, Schedule
from snappio.jobs.queue import run_again

# Importing the library's admin registered it; one list of jobs is enough.
admin.site.unregister(DBTaskResult)


@admin.register(QueuedJob)
class QueuedJobAdmin(DBTaskResultAdmin):
    """Jobs, newest first; those that failed at their last attempt may be run again."""

    list_display = (  # type: ignore[assignment] # the library's has one more
        "task_path", "status", "attempts", "enqueued_at", "started_at", "finished_at",
        "exception_class_path",
    )  # fmt: skip
    list_filter = ("status", "task_path")  # type: ignore[assignment]
    actions = ("run_again",)

    @admin.action(description="Run failed jobs again", permissions=["run_again"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[QueuedJob]) -> None:
        """Give the failed ones among those chosen all their attempts anew."""
        count = run_again(queryset)
        self.message_user(request, f"{count} failed jobs will run again.", messages.SUCCESS)

    def has_run_again_permission(self, request: HttpRequest) -> bool:
        """Ask for the right to change jobs, though no field of theirs can be changed."""
        return request.user.has_perm("jobs.change_queuedjob")


@admin.register(Heartbeat)
class HeartbeatAdmin(LookedAt[Heartbeat]):
    """Which workers live."""

    list_display = ("worker_id", "started_at", "seen_at")


@admin.register(Schedule)
class ScheduleAdmin(LookedAt[Schedule]):
    """What comes due next."""

    list_display = ("name", "next_due_at")
