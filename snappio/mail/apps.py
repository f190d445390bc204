"""Letters to members: written when they are sent, by a job."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Knows nobody: the apps above register what there is to write."""

    name = "snappio.mail"
