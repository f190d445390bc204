from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from rest_framework.test import APIClient

from snappio.accounts.tests.factories import client_of


@pytest.fixture(autouse=True)
def media_root(settings, tmp_path):
    """Files of tests stay with the tests."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def as_alice(alice) -> APIClient:
    return client_of(alice)


@pytest.fixture
def as_bob(bob) -> APIClient:
    return client_of(bob)


@pytest.fixture
def at_once():
    """Run functions in threads of their own, each with its own connection; give what they do."""

    def run(*functions):
        def closing(function):
            try:
                return function()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(functions)) as pool:
            return list(pool.map(closing, functions))

    return run


@pytest.fixture
def capture():
    """Count the queries of a call."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count(call) -> int:
        with CaptureQueriesContext(connection) as context:
            call()
        return len(context)

    return count
