"""What the server says in a group when something happens to it.

The sentence is made when it is read: who has left the instance is named nowhere any more.
"""

_SENTENCES = {
    "created": "{by} created the group.",
    "renamed": "{by} named the group “{detail}”.",
    "changed": "{by} changed the rules of the group.",
    "added": "{by} added {to}.",
    "left": "{by} left.",
    "removed": "{by} removed {to}.",
    "banned": "{by} banned {to}.",
    "unbanned": "{by} lifted the ban on {to}.",
    "role": "{by} made {to} {detail}.",
}
# Of a new name and a new role: what the sentence says of it.
_DETAILS = {"owner": "the owner", "moderator": "a moderator", "member": "a member"}


def sentence(event: str, *, by: str, to: str, detail: str) -> str:
    """Return what a notice says; ``by`` and ``to`` are display names, empty if gone."""
    words = _DETAILS.get(detail, detail) if event == "role" else detail
    return _SENTENCES[event].format(by=by or "Somebody", to=to or "somebody", detail=words)
