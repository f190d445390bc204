"""What members say of themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from snappio.accounts.models import User
from snappio.core.errors import NotAuthenticated


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a member says; None leaves a thing as it is. A link has a ``label`` and a ``url``."""

    bio: str | None = None
    links: Sequence[dict[str, Any]] | None = None
    is_private: bool | None = None
    is_discoverable: bool | None = None


@transaction.atomic
def describe_member(user: User, description: Description) -> None:
    """Keep what the member says.

    Who becomes public is to let all follow who wait, in the same transaction:
    `profiles.services.change_profile` does.
    """
    member = User.objects.active().locked().filter(pk=user.pk).first()
    if member is None:
        raise NotAuthenticated
    changed = [name for name in Description.__slots__ if getattr(description, name) is not None]
    for name in changed:
        setattr(member, name, getattr(description, name))
    if changed:
        member.save(update_fields=changed)
