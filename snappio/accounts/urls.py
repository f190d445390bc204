"""Addresses under `/api/v1/`."""

from django.urls import path

from snappio.accounts import views

urlpatterns = [
    path("auth/", views.SignInView.as_view()),
    path("auth/refresh/", views.RefreshView.as_view()),
    path("auth/verify/", views.VerifyView.as_view()),
    path("auth/logout/", views.SignOutView.as_view()),
    path("auth/sessions/", views.SessionsView.as_view()),
    path("auth/sessions/<uuid:session_id>/", views.SessionView.as_view()),
    path("auth/password/", views.PasswordView.as_view()),
]
