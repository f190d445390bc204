"""Argon2 with bounded memory."""

import threading

from django.contrib.auth.hashers import Argon2PasswordHasher

from snappio.core.slots import held_slot

# OWASP's recommendation: 19 MiB, two passes, one lane.
MEMORY_KIB = 19_456
PASSES = 2
# So a storm of sign-ins takes at most 4 × 19 MiB in a process; the rest queue.
AT_ONCE = 4
PATIENCE_SECONDS = 10

_slots = threading.BoundedSemaphore(AT_ONCE)


class BoundedArgon2PasswordHasher(Argon2PasswordHasher):
    """Django's Argon2 hasher, at most four at a time."""

    memory_cost = MEMORY_KIB
    time_cost = PASSES
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Hash, or raise `Unavailable` if no slot frees up in time."""
        with held_slot(_slots, patience=PATIENCE_SECONDS):
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Compare, or raise `Unavailable` if no slot frees up in time."""
        with held_slot(_slots, patience=PATIENCE_SECONDS):
            return super().verify(password, encoded)
