"""What may be a username, and when two names are the same."""

import re
import unicodedata

# Letters, digits and these marks; `\w` covers the letters of every script. Two
# fillers of Hangul count as letters and show nothing: with them anybody could
# look like somebody else.
_USERNAME = re.compile(r"(?:(?![\u115f\u1160])[\w.@+-]){1,50}")

# Names that addresses or people would mistake for something else.
RESERVED = frozenset({
    ".", "..", "admin", "administrator", "api", "deleted", "everyone", "guest", "here", "me",
    "media", "moderator", "null", "profile", "root", "snappio", "staff", "static", "suggestions",
    "support", "system", "undefined",
})  # fmt: skip


def normalise_username(text: str) -> str:
    """Return the name in its one written form (NFKC, no space around)."""
    return unicodedata.normalize("NFKC", text).strip()


def identity_of(text: str) -> str:
    """Return what two spellings of the same name or address have in common.

    Case and compatibility forms do not make another person: `Ａlice`, `ALICE`
    and `alice` are one. Folding may undo the normal form, so it is applied again.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.strip()).casefold())


def identity_of_email(email: str) -> str:
    """Return what all spellings of one mailbox have in common.

    Besides case, `alice+app@x.org` is `alice@x.org`: mail for both reaches her.
    """
    local, at, domain = identity_of(email).rpartition("@")
    return (local.partition("+")[0] or local) + at + domain


def is_well_formed(username: str) -> bool:
    """Say whether a normalised name has 1 to 50 allowed characters."""
    return _USERNAME.fullmatch(username) is not None


def is_reserved(username: str) -> bool:
    """Say whether the name is kept for the instance itself."""
    return identity_of(username) in RESERVED
