"""Addresses of the instance itself; those of its API are in `api_urlpatterns`."""

from django.urls import path

from snappio.core import views

urlpatterns = [
    path("", views.home),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
    path("docs/", views.docs, name="docs"),
    path("docs/swagger/", views.swagger),
    path("docs/redoc/", views.redoc),
    path("static/<path:path>", views.static),
]

api_urlpatterns = [
    path("instance/", views.InstanceView.as_view()),
]
