"""The fleet is broken on purpose, and nothing that was acknowledged may be lost.

histories    what clients did and heard, and what the database keeps
checkers     what must hold over a history; pure functions
clients      those who talk and listen, and come back whenever they are cut off
nemesis      what breaks, by a seeded schedule
fleet        two processes of sockets on a PostgreSQL and a Redis of their own
office       one more process of the product, for what is not done on a socket
schedule     all of it together: `python -m tests.faults --seconds 600 --seed 7`
planted      faults planted into the product, which the checkers must find
"""
