"""How the mail server is named."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import MailServer, mail_server

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("", MailServer()),
        ("smtp://mail.example", MailServer("mail.example", 587, starts_tls=True)),
        ("smtps://mail.example", MailServer("mail.example", 465, is_tls=True)),
        ("smtp+plain://127.0.0.1", MailServer("127.0.0.1", 25)),
        (
            "smtp://hello%40x.org:p%2Fw%3A@mail.example:2525",
            MailServer("mail.example", 2525, "hello@x.org", "p/w:", starts_tls=True),
        ),
    ],
)
def test_reads_the_address_of_the_server(url, server):
    assert mail_server(url) == server


@pytest.mark.parametrize(
    "url", ["mail.example", "http://mail.example", "smtp://", "smtp://u:quince@mail.example:x"]
)
def test_refuses_what_is_no_server_without_telling_the_password(url):
    with pytest.raises(ImproperlyConfigured) as refusal:
        mail_server(url)

    assert "smtp://user:password@" in str(refusal.value)
    assert "quince" not in str(refusal.value)
