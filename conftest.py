"""What holds for every test: each run begins without the remains of an earlier one."""

import shutil

import pytest
from django.conf import settings

from snappio.accounts.hashers import BoundedArgon2PasswordHasher


def pytest_configure(config: pytest.Config) -> None:
    """Remove what a run that was killed has left behind.

    Django would replace the SQLite file but not its log, and SQLite would then
    apply the old log to the new file.
    """
    if not config.getoption("reuse_db"):
        _remove_files()
    # The same hash with less work: hundreds of tests sign somebody up and in.
    BoundedArgon2PasswordHasher.memory_cost = 64
    BoundedArgon2PasswordHasher.time_cost = 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, beside PostgreSQL, what was seen beside SQLite and cannot differ."""
    if settings.POSTGRES_URL:
        seen = [item for item in items if _was_seen(item)]
        items[:] = [item for item in items if item not in set(seen)]
        config.hook.pytest_deselected(items=seen)


def _was_seen(item: pytest.Item) -> bool:
    # What takes long runs in one half only, which is this one.
    return bool(item.get_closest_marker("once")) and not item.get_closest_marker("long")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave no uploads behind."""
    if not session.config.getoption("reuse_db"):
        _remove_files()


def _remove_files() -> None:
    shutil.rmtree(settings.TEST_DIR, ignore_errors=True)
    settings.TEST_DIR.mkdir(parents=True)
