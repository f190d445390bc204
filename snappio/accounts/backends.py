"""Sign-in to the admin, by cookie; the API uses bearer tokens only."""

from django.contrib.auth.backends import ModelBackend


class AdminBackend(ModelBackend):
    """Staff sign in with the same name and password as everywhere."""
