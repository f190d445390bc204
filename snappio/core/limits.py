"""Every limit the server enforces, in one typed table.

The values come from `settings.LIMITS` and are published at
`GET /api/v1/instance/`, so that no client hard-codes them.
"""

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``count`` in any ``seconds``, with ``burst`` at once (``count`` unless given)."""

    count: int
    seconds: int
    burst: int = 0

    @property
    def at_once(self) -> int:
        """How many may come at the same moment."""
        return self.burst or self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits and their defaults; sizes in bytes, times in seconds, texts in characters."""

    # Sign-in. The existing app never refreshes, hence the long access token;
    # it is bound to a session row and as revocable as a cookie.
    access_token_lifetime: int = 30 * DAY
    refresh_token_lifetime: int = 60 * DAY
    # A client whose answer was lost may ask again this long after a refresh.
    refresh_grace: int = 10
    sign_in_failures_per_account: Rate = Rate(5, MINUTE)
    sign_in_failures_per_address: Rate = Rate(20, 10 * MINUTE)
    # Tokens that a member makes for programs.
    personal_tokens: int = 50
    personal_token_lifetime: int = 365 * DAY
    sign_ups_per_address: Rate = Rate(10, HOUR)
    # Of what somebody who waits for approval says.
    sign_up_reason_length: int = 500
    invitations_made: Rate = Rate(20, DAY)
    invitation_uses: int = 25
    invitation_lifetime: int = 7 * DAY
    invitation_lifetime_max: int = 30 * DAY
    # Mailed links: how long they work, and how many are sent.
    verification_lifetime: int = 7 * DAY
    verification_mails_per_account: Rate = Rate(3, HOUR)
    reset_lifetime: int = HOUR
    resets_per_address: Rate = Rate(3, HOUR)
    resets_per_email: Rate = Rate(3, HOUR)

    # HTTP in general.
    requests_anonymous: Rate = Rate(300, 5 * MINUTE)
    requests_member: Rate = Rate(1500, 5 * MINUTE)
    body_bytes: int = MIB
    page_default: int = 20
    page_max: int = 100

    # Members.
    username_length: int = 50
    name_length: int = 60
    email_length: int = 254
    password_length: int = 128
    bio_length: int = 500
    profile_links: int = 4
    link_label_length: int = 30
    link_length: int = 200

    # What members are to each other.
    follows_member: Rate = Rate(400, DAY)
    # Whom one member follows or has asked.
    followed_members: int = 10_000
    close_friends: int = 1000
    relationships_asked: int = 100

    # Posts, images and other files.
    image_bytes: int = 25 * MIB
    # Of one multipart request: one unscaled camera file and its form.
    upload_bytes: int = 26 * MIB
    image_pixels: int = 40_000_000
    # Of an upload that is no image.
    file_bytes: int = 25 * MIB
    alt_length: int = 1500
    uploads_member: Rate = Rate(200, HOUR)
    # Of all that a member keeps here, posts and messages included.
    media_bytes_member: int = 5 * GIB
    post_length: int = 5000
    posts_page: int = 100
    images_per_post: int = 10
    warning_length: int = 200
    # Of one text, counted for lists and feeds; further ones are only words.
    tags_per_post: int = 30
    edits_per_post: int = 100
    comment_length: int = 2000
    comments_member: Rate = Rate(120, HOUR, burst=30)
    likes_member: Rate = Rate(600, HOUR, burst=100)
    bookmarks: int = 10_000
    # Tags that one member follows.
    tags_followed: int = 100

    # Chat.
    message_length: int = 10_000
    frame_bytes: int = 64 * KIB
    json_depth: int = 64
    history_page_default: int = 50
    history_page_max: int = 200
    attachments: int = 10
    pins: int = 50
    retention_shortest: int = HOUR
    retention_longest: int = 365 * DAY
    scheduled_messages: int = 100
    scheduling_shortest: int = MINUTE
    scheduling_longest: int = 365 * DAY
    search_length: int = 200
    searches_member: Rate = Rate(30, MINUTE)
    room_name_length: int = 100
    description_length: int = 500
    group_members: int = 256
    room_members: int = 5000
    # Of one call.
    members_added: int = 50
    # Groups and rooms, by one member.
    conversations_made: Rate = Rate(50, DAY)
    slow_mode_max: int = 6 * HOUR
    # Of a ban or a silence that ends.
    sanction_max: int = 365 * DAY
    invites_per_room: int = 100
    invite_lifetime: int = 7 * DAY
    invite_lifetime_max: int = 30 * DAY
    messages_member: Rate = Rate(5, 1, burst=20)
    messages_guest: Rate = Rate(1, 1, burst=5)
    messages_conversation: Rate = Rate(50, 1)
    sockets_per_member: int = 64
    guest_sockets_per_address: int = 50
    # In larger conversations nobody is told who has read, or who writes.
    receipts_members: int = 100
    mute_longest: int = 365 * DAY
    # Of chats that one member begins with strangers.
    stranger_chats: Rate = Rate(50, DAY)

    # The socket that carries all conversations; seconds, and how many.
    hello_seconds: int = 5
    socket_frames: Rate = Rate(20, 1, burst=60)
    subscriptions: int = 500
    unanswered_requests: int = 64
    histories_at_once: int = 4
    typing_interval: int = 3
    watched_members: int = 200


def current_limits() -> Limits:
    """Return the limits in force."""
    limits = settings.LIMITS
    assert isinstance(limits, Limits)
    return limits


def published() -> dict[str, Any]:
    """Return the limits as plain data, for `GET /api/v1/instance/` and `welcome`; not to change."""
    return _plain(current_limits())


@lru_cache(maxsize=1)
def _plain(limits: Limits) -> dict[str, Any]:
    # Every socket is told all of them, and taking them apart costs as much as a query.
    return asdict(limits)
