"""What one member has posted."""

from snappio.accounts.errors import UnknownMember
from snappio.accounts.models import User
from snappio.accounts.names import is_well_formed, normalise_username
from snappio.core.pagination import Page
from snappio.posts.queries.posts import ShownPost, posts_page
from snappio.relationships.conditions import blocked_with


def member_page(
    username: str, *, viewer: User | None, limit: int, before: int | None
) -> Page[ShownPost]:
    """Return the newest posts of a member that the viewer may see. Two queries.

    Raises `UnknownMember` for who is not there, or not for the viewer.
    """
    written = normalise_username(username)
    # What PostgreSQL refuses is no name.
    if not is_well_formed(written):
        raise UnknownMember
    members = User.objects.active().named(written)
    if viewer is not None:
        members = members.exclude(blocked_with(viewer.pk, "pk"))
    if not members.exists():
        raise UnknownMember
    return posts_page(viewer=viewer, username=written, limit=limit, before=before)
