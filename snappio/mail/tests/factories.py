"""Letters for tests."""

from snappio.mail.letters import Letter, Link, letter

SECRET = "s3cret-of-the-link"


@letter("tests.greeting")
def greeting(*, to: str | None) -> Letter | None:
    """Write to somebody; to nobody if they have left."""
    if to is None:
        return None
    return Letter(
        to=to,
        subject="Grüße",
        paragraphs=["Hello <b>Alice</b>,", "somebody wrote."],
        link=Link("Open it", f"https://social.example/x?token={SECRET}&b=1"),
        closing=["If it was not you, do nothing."],
    )
