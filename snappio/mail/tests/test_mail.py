"""Letters, from the transaction that is their reason to the mail server (R18, D4)."""

import os
import socket
import time
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from django.core import mail
from django.db import transaction

from snappio.core.clock import now
from snappio.jobs.models import QueuedJob
from snappio.jobs.queue import run_due_jobs
from snappio.mail import tasks
from snappio.mail.outgoing import send_letter
from snappio.mail.tests.factories import SECRET

SMTP = "django.core.mail.backends.smtp.EmailBackend"
ALICE = "alice@example.org"

pytestmark = pytest.mark.django_db


class Postman:
    """Takes letters, with the answer that the test wants."""

    def __init__(self):
        self.letters = []
        self.answers = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.letters.append((session.authenticated, envelope))
        return "250 OK"


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def postman(settings, unused_port):
    def authenticate(server, session, envelope, mechanism, credentials):
        good = (credentials.login, credentials.password) == (b"snappio", b"qu ince")
        return AuthResult(success=good, handled=False)

    handler = Postman()
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=unused_port,
        authenticator=authenticate,
        auth_require_tls=False,
    )
    controller.start()
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_port
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "snappio", "qu ince"
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield handler
    controller.stop()


def test_a_letter_is_text_and_html_and_comes_from_the_instance(settings):
    settings.DEFAULT_FROM_EMAIL = "Snappio <hello@social.example>"
    send_letter("tests.greeting", to=ALICE)

    run_due_jobs()

    (sent,) = mail.outbox
    html, kind = sent.alternatives[0]
    assert (sent.to, sent.subject) == ([ALICE], "Grüße")
    assert sent.from_email == "Snappio <hello@social.example>"
    assert sent.extra_headers == {"Auto-Submitted": "auto-generated"}
    assert f"Open it:\nhttps://social.example/x?token={SECRET}&b=1\n" in sent.body
    assert "Hello <b>Alice</b>," in sent.body
    assert kind == "text/html"
    assert "Hello &lt;b&gt;Alice&lt;/b&gt;," in html
    assert f'href="https://social.example/x?token={SECRET}&amp;b=1"' in html


def test_a_letter_goes_only_if_the_transaction_commits():
    def change_mind():
        with transaction.atomic():
            send_letter("tests.greeting", to=ALICE)
            raise LookupError

    with pytest.raises(LookupError):
        change_mind()
    run_due_jobs()

    assert mail.outbox == []


def test_what_is_no_longer_true_is_not_sent():
    send_letter("tests.greeting", to=None)

    assert run_due_jobs() == 1
    assert mail.outbox == []


def test_hands_it_to_a_real_server(postman):
    send_letter("tests.greeting", to=ALICE)

    run_due_jobs()

    ((authenticated, envelope),) = postman.letters
    assert authenticated
    assert envelope.rcpt_tos == [ALICE]
    assert SECRET in message_from_bytes(envelope.content, policy=policy.default).as_string()


def test_tries_again_what_the_server_puts_off_and_tells_no_secret(postman, caplog):
    postman.answers = ["451 Try again later"]
    send_letter("tests.greeting", to=ALICE)

    run_due_jobs()
    assert postman.letters == []
    run_due_jobs(at=now() + timedelta(minutes=1))

    assert len(postman.letters) == 1
    job = QueuedJob.objects.get()
    assert job.status == "SUCCESSFUL"
    assert "attempt 1 of" in caplog.text
    assert SECRET not in caplog.text + job.traceback + str(job.args_kwargs)


def test_tries_again_when_nobody_answers(settings, unused_port):
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_port
    send_letter("tests.greeting", to=ALICE)

    run_due_jobs()

    job = QueuedJob.objects.get()
    assert job.status == "READY"
    assert job.exception_class_path == "builtins.ConnectionRefusedError"


def test_gives_up_an_address_that_is_refused_for_good(postman, caplog):
    postman.answers = ["550 No such user here"]
    send_letter("tests.greeting", to=ALICE)

    run_due_jobs()

    assert QueuedJob.objects.get().status == "SUCCESSFUL"
    assert "refuses an address" in caplog.text
    ours = [record.getMessage() for record in caplog.records if record.name != "mail.log"]
    assert not [line for line in ours if ALICE in line]


def test_does_not_speak_plain_text_to_a_server_without_tls(postman, settings):
    settings.EMAIL_USE_TLS = True
    send_letter("tests.greeting", to=ALICE)

    run_due_jobs()

    assert postman.letters == []
    assert QueuedJob.objects.get().status == "READY"


@pytest.fixture
def mail_dir(settings, tmp_path) -> Path:
    settings.EMAIL_BACKEND = "snappio.mail.files.FileBackend"
    settings.MAIL_DIR = tmp_path / "mail"
    return settings.MAIL_DIR


def test_without_a_server_a_letter_is_a_file_for_its_owner_only(mail_dir):
    for _ in range(2):
        send_letter("tests.greeting", to=ALICE)

    run_due_jobs()

    files = list(mail_dir.iterdir())
    opened = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert len(files) == 2
    assert (opened["To"], opened["Subject"]) == (ALICE, "Grüße")
    assert SECRET in opened.get_body(("plain",)).get_content()
    assert {file.suffix for file in files} == {".eml"}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert mail_dir.stat().st_mode & 0o777 == 0o700


def test_files_are_kept_for_a_week(mail_dir):
    mail_dir.mkdir()
    for name, days in [("old.eml", 8), ("young.eml", 6), ("foreign.txt", 8)]:
        (mail_dir / name).write_text("")
        os.utime(mail_dir / name, (time.time() - days * 86_400,) * 2)

    tasks.delete_old_files.call()

    assert sorted(path.name for path in mail_dir.iterdir()) == ["foreign.txt", "young.eml"]
