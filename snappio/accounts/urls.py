"""Addresses under `/api/v1/`; those of pages for people are in `page_urlpatterns`."""

from django.urls import path

from snappio.accounts.views import (
    emails,
    invitations,
    pages,
    passwords,
    sessions,
    sign_ups,
    tokens,
    totp,
)

urlpatterns = [
    path("auth/", sessions.SignInView.as_view()),
    path("auth/refresh/", sessions.RefreshView.as_view()),
    path("auth/verify/", sessions.VerifyView.as_view()),
    path("auth/logout/", sessions.SignOutView.as_view()),
    path("auth/sessions/", sessions.SessionsView.as_view()),
    path("auth/sessions/<uuid:session_id>/", sessions.SessionView.as_view()),
    path("auth/password/", passwords.PasswordView.as_view()),
    path("auth/password/reset/", passwords.ResetView.as_view()),
    path("auth/password/reset/confirm/", passwords.ResetConfirmView.as_view()),
    path("auth/totp/", totp.TotpView.as_view()),
    path("auth/tokens/", tokens.TokensView.as_view()),
    path("auth/tokens/<int:token_id>/", tokens.TokenView.as_view()),
    path("auth/email/", emails.EmailView.as_view()),
    path("auth/email/verify/", emails.VerifyEmailView.as_view()),
    path("invitations/", invitations.InvitationsView.as_view()),
    path("invitations/<str:code>/", invitations.InvitationView.as_view()),
    path("moderation/sign-ups/", sign_ups.SignUpsView.as_view()),
    path("moderation/sign-ups/<int:member_id>/approve/", sign_ups.ApproveView.as_view()),
    path("moderation/sign-ups/<int:member_id>/refuse/", sign_ups.RefuseView.as_view()),
]

page_urlpatterns = [
    path("account/email/", pages.verify_email),
    path("account/password/", pages.reset_password),
]
