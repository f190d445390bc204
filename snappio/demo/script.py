"""Who lives in the demo, what they post and what they say."""

from dataclasses import dataclass

# Said aloud on the terminal: a demo is no place for secrets.
PASSWORD = "snappio-demo-2026"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Character:
    """One member, by first name."""

    username: str
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """Something said in a room, or privately to somebody."""

    sender: str
    text: str


CAST = (
    Character("alice", "Alice Moreau"),
    Character("bob", "Bob Lindqvist"),
    Character("carol", "Carol Nakamura"),
    Character("dario", "Dario Conti"),
    Character("esther", "Esther Adeyemi"),
    Character("farid", "Farid Haddad"),
)

# Author and caption, the oldest first.
POSTS = (
    ("alice", "First light over the valley. Worth every minute of lost sleep."),
    ("dario", "The lake was so still this morning that I whispered."),
    ("carol", "Found an old path behind the sawmill. It ends here."),
    ("esther", "Blue hour, no filter, cold hands."),
    ("bob", "Testing the new lens. Verdict: my knees need an upgrade, not the camera."),
    ("alice", "Same hill, other mood."),
    ("farid", "Two buses, one hike, zero regrets."),
    ("carol", "The moon was late, so we had soup."),
    ("dario", "Sunday walk with too many dogs (all just outside the frame)."),
    ("esther", "Clouds are just hills that did not make up their mind."),
    ("farid", "If you look closely you can see the town. If you look away, it is quieter."),
    ("bob", "Last train home. Last picture of the day."),
)

ROOM = "kitchen"
ROOM_TALK = (
    Line("bob", "Who has the big pot?"),
    Line("esther", "Me. It is full of soup, though."),
    Line("carol", "Then bring the soup in the pot, and the problem solves itself."),
    Line("dario", "I bring bread. And the dogs."),
    Line("alice", "Seven o'clock at mine?"),
    Line("farid", "Seven! I will be on the second bus."),
    Line("esther", "🍲"),
)

# The two who talk, then their lines.
PRIVATE_TALKS = (
    (
        ("alice", "bob"),
        (
            Line("alice", "Did you see the light this morning?"),
            Line("bob", "I saw the inside of my pillow."),
            Line("alice", "Tomorrow at five then, by the bridge."),
            Line("bob", "Five is not a time, it is a threat. I will be there."),
        ),
    ),
    (
        ("carol", "dario"),
        (
            Line("carol", "Is the path by the sawmill muddy?"),
            Line("dario", "Only up to the ankles. Take the dogs, they know the way."),
        ),
    ),
)
