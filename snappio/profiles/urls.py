"""Addresses under `/api/v1/`."""

from django.urls import path

from snappio.profiles import views

urlpatterns = [
    path("users/", views.MembersView.as_view()),
    # A reserved name, so no member is hidden behind it.
    path("users/profile/", views.OwnProfileView.as_view()),
    path("users/<str:username>/", views.PublicProfileView.as_view()),
]
