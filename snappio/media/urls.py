"""Addresses of files, at the root of the instance."""

from django.urls import re_path

from snappio.media.files import NAME_PATTERN
from snappio.media.views import serve

urlpatterns = [
    re_path(rf"^media/(?P<name>{NAME_PATTERN})$", serve, name="media"),
]
