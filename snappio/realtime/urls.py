"""Addresses about the socket; the socket itself is in `config.asgi`."""

from django.urls import path

from snappio.realtime import views

urlpatterns = [
    path("docs/asyncapi/", views.asyncapi, name="asyncapi"),
]
