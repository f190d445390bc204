"""What the doctor finds."""

import io

import pytest
from django.core.management import CommandError, call_command

from snappio.core.doctor import Verdict, examine


def sentences(verdict: Verdict) -> str:
    return "\n".join(finding.sentence for finding in examine() if finding.verdict is verdict)


@pytest.fixture(autouse=True)
def sound(settings, tmp_path):
    settings.PUBLIC_URL = "https://social.example"
    settings.ALLOWED_HOSTS = ["social.example"]
    settings.TRUSTED_PROXIES = 1
    settings.RATE_LIMITS = True
    settings.GUEST_ROOMS = False
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.EMAIL_URL = "smtp://mail.example"


@pytest.mark.django_db
def test_finds_nothing_in_a_sound_configuration():
    assert sentences(Verdict.RISKY) == ""
    assert sentences(Verdict.MISSING) == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PUBLIC_URL", "http://social.example", "not https"),
        ("ALLOWED_HOSTS", ["*"], "every host"),
        ("TRUSTED_PROXIES", 0, "share its address"),
        ("RATE_LIMITS", False, "guessed"),
        ("GUEST_ROOMS", True, "anybody may talk"),
        ("EMAIL_URL", "", "kept as files"),
    ],
)
def test_names_what_is_risky(settings, name, value, told):
    setattr(settings, name, value)

    assert told in sentences(Verdict.RISKY)


@pytest.mark.django_db
def test_ends_with_an_error_if_something_is_missing(settings, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    settings.MEDIA_ROOT = blocked / "media"

    # A path below a file can be made by nobody, root included.
    with pytest.raises(CommandError):
        call_command("doctor", stdout=io.StringIO())


@pytest.mark.django_db
def test_names_a_mail_password_that_travels_in_the_open(settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_USE_TLS = "user", False

    assert "travels in the open" in sentences(Verdict.RISKY)


@pytest.mark.django_db
def test_says_where_mail_goes_without_its_password(settings):
    settings.EMAIL_HOST, settings.EMAIL_HOST_PASSWORD = "mail.example", "quince"

    assert "Mail goes to mail.example" in sentences(Verdict.FINE)
    assert "quince" not in sentences(Verdict.FINE)
