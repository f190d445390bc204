"""The fleet is broken on purpose, and nothing that was acknowledged may be lost.

histories    what clients did and heard, and what the database keeps
checkers     what must hold over a history; pure functions
lines        the same for what `/ws/` told
clients      those on the two old sockets, who come back whenever they are cut off
phones       those on `/ws/`, who resume, and resend until they are answered
callers      those over HTTP, with an `Idempotency-Key`
owners       those who put members out of a group and bring them back
cast         who of them takes part in a run
nemesis      what breaks, by a seeded schedule
wire         between the processes and Redis; it drops, doubles and swaps
fleet        two processes of sockets on a PostgreSQL and a Redis of their own
office       one more process of the product, for what is not done on a socket
schedule     all of it together: `python -m tests.faults --seconds 600 --seed 7`
planted      faults planted into the product, which the checkers must find

Each fault of the table in docs/faults.md has a test that is named by its number.
"""
