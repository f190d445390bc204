"""Who may see whether somebody is there, and when they were last.

The states themselves are kept by `realtime`, which asks nobody.
"""

from collections.abc import Collection, Mapping

from snappio.accounts.models import User
from snappio.chat.acquaintances import acquainted_among
from snappio.chat.models import ChatSettings
from snappio.relationships.conditions import blocked_with


def watchable(viewer: User, usernames: Collection[str]) -> Mapping[str, int]:
    """Return the ids, by username, of those whose presence the viewer may see now.

    These know the viewer (`acquaintances`), both have the switch on, and neither blocks the
    other. Whoever is missing may be unknown, gone, a stranger or hidden: nobody can tell.
    Three queries for any number of names.
    """
    if ChatSettings.objects.filter(user=viewer, presence=False).exists():
        return {}
    # PostgreSQL takes no NUL, not even to look for it.
    names = {name for name in usernames if "\0" not in name}
    members = User.objects.active().filter(username__in=names).exclude(pk=viewer.pk)
    members = members.exclude(blocked_with(viewer.pk, "pk"))
    ids = dict(members.exclude(chat_settings__presence=False).values_list("username", "pk"))
    known = acquainted_among({(viewer.pk, pk) for pk in ids.values()})
    return {name: pk for name, pk in ids.items() if (viewer.pk, pk) in known}
