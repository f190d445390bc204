"""Background work, kept in the database."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    """Registers the app, and the jobs and schedules that the other apps declare."""

    name = "snappio.jobs"

    def ready(self) -> None:
        """Import every app's `tasks`, so that schedules are known before the first tick."""
        autodiscover_modules("tasks")
