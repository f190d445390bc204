"""Turning a member's private switches."""

from collections.abc import Mapping

from django.db import transaction

from snappio.accounts.models import User
from snappio.chat.models import ChatSettings
from snappio.chat.queries import switches_of
from snappio.chat.services.inboxes import touch_inboxes
from snappio.chat.updates import Switches


@transaction.atomic
def change_switches(*, member: User, changes: Mapping[str, bool]) -> Switches:
    """Turn some switches, by the names of `Switches`, and return them all.

    The member's open sockets hear of it after the commit, or find it later. A switch
    that is turned to where it stands tells nobody.
    """
    ChatSettings.objects.bulk_create([ChatSettings(user=member)], ignore_conflicts=True)
    mine = ChatSettings.objects.filter(user=member)

    # Only what was given is written: two devices may turn two switches at once.
    has_changed = bool(changes) and mine.exclude(**changes).update(**changes) > 0

    switches = switches_of(member)
    if has_changed:
        touch_inboxes([(member.pk, switches)])
    return switches
