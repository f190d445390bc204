"""Who knows whom: those who share a chat that both have accepted, a group, or a room with members.

Open rooms make nobody known: everybody is in them.
"""

from collections.abc import Collection

from django.db.models import Q

from snappio.chat import keys
from snappio.chat.models import Participant, Visibility

# An empty chat was opened by one of the two alone.
_ACCEPTED_CHAT = Q(
    conversation__kind=keys.PRIVATE,
    conversation__is_request=False,
    conversation__last_seq__gt=0,
)
_HAS_MEMBERS = ~Q(conversation__kind=keys.PRIVATE) & ~Q(conversation__visibility=Visibility.OPEN)


def acquainted_among(pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return those pairs of members who know each other, in one query."""
    shared = Participant.objects.filter(
        _ACCEPTED_CHAT | _HAS_MEMBERS,
        user__in={one for one, _ in pairs},
        conversation__participants__user__in={other for _, other in pairs},
    )
    found = shared.values_list("user", "conversation__participants__user").distinct()
    return set(found) & set(pairs)
