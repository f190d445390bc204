"""The overlay for tests: the same behaviour, only cheaper."""

from config.settings.base import *  # noqa: F403

RATE_LIMITS = False
