"""What a token must be good for, by address: the one place that says so.

An address is found by the longest beginning that stands here; one without fails a
test. The scope for reading is asked for GET, HEAD and OPTIONS, that for writing for
every other method. Of several, one is enough.

    read, write   what members see and make
    chat          conversations, rooms and their sockets
    account       one's own account and how one signs in: for people only, never for a
                  token made for a program, but also for members whose address is not
                  verified yet
    person        for people only, too, once their address is verified
"""

from collections.abc import Mapping

Scopes = frozenset[str]

READ = frozenset({"read"})
WRITE = frozenset({"write"})
CHAT = frozenset({"chat"})
ACCOUNT = frozenset({"account"})
PERSON = frozenset({"person"})

# Under `/api/v1/`: reading, writing.
API_SCOPES: Mapping[str, tuple[Scopes, Scopes]] = {
    "auth/": (ACCOUNT, ACCOUNT),
    "blocks/": (READ, WRITE),
    "bookmarks/": (READ, WRITE),
    "chat/": (CHAT, CHAT),
    "close-friends/": (READ, WRITE),
    "comments/": (READ, WRITE),
    "conversations/": (CHAT, CHAT),
    "explore/": (READ, WRITE),
    "feed/": (READ, WRITE),
    "follow-requests/": (READ, WRITE),
    "instance/": (READ, WRITE),
    "invitations/": (PERSON, PERSON),
    # Attachments, too.
    "media/": (READ | CHAT, WRITE | CHAT),
    "moderation/": (PERSON, PERSON),
    "mutes/": (READ, WRITE),
    "posts/": (READ, WRITE),
    "relationships/": (READ, WRITE),
    "rooms/": (CHAT, CHAT),
    # One's own messages.
    "search/": (CHAT, CHAT),
    "tags/": (READ, WRITE),
    "users/": (READ, WRITE),
    # E-mail address and password are changed here.
    "users/profile/": (READ, ACCOUNT),
}
SOCKET_SCOPES = CHAT
