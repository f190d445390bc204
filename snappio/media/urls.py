"""Addresses of files, at the root of the instance; those of the API are in `api_urlpatterns`."""

from django.urls import path, re_path

from snappio.media.files import NAME_PATTERN
from snappio.media.views import Upload, Uploads, serve

urlpatterns = [
    re_path(rf"^media/(?P<name>{NAME_PATTERN})$", serve, name="media"),
]

api_urlpatterns = [
    path("media/", Uploads.as_view(), name="uploads"),
    path("media/<str:media_id>/", Upload.as_view(), name="upload"),
]
