"""Handing a letter to the mail server."""

import logging
from smtplib import SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from snappio.mail.letters import Letter

logger = logging.getLogger(__name__)

# From here on the mail server means it: another try gets the same answer.
PERMANENT = 500


def send(letter: Letter) -> None:
    """Send as plain text with an HTML twin; raises what the mail server's absence raises.

    An address that the server refuses for good is given up.
    """
    connection = get_connection()
    context = {"letter": letter, "name": settings.INSTANCE_NAME, "site": settings.SITE_URL}
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=render_to_string("mail/letter.txt", context),
        to=[letter.to],
        connection=connection,
        # Answering machines keep quiet.
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("mail/letter.html", context), "text/html")
    try:
        message.send()
    except SMTPRecipientsRefused as refusal:
        if any(code < PERMANENT for code, _ in refusal.recipients.values()):
            raise
        logger.warning("The mail server refuses an address; the letter is dropped.")
    finally:
        # Django leaves it open where the server does not offer TLS.
        connection.close()
