"""Addresses under `/api/v1/`."""

from django.urls import path

from snappio.feeds import views

urlpatterns = [
    path("feed/", views.FeedView.as_view()),
]
