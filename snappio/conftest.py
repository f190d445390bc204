"""The cast, and what every test may use."""

from collections.abc import Iterator

import pytest
from django.test import Client
from rest_framework.test import APIClient

from snappio.accounts.models import User
from snappio.accounts.tests.factories import make_member
from snappio.core import rates
from snappio.core.redis import command_client


@pytest.fixture
def alice(db: None) -> User:
    return make_member("alice")


@pytest.fixture
def bob(db: None) -> User:
    """Be her friend."""
    return make_member("bob")


@pytest.fixture
def carol(db: None) -> User:
    """Know nobody."""
    return make_member("carol")


@pytest.fixture
def mallory(db: None) -> User:
    """Be up to no good."""
    return make_member("mallory")


@pytest.fixture
def anonymous() -> APIClient:
    """Send no token; a crash is a 500, as in earnest."""
    return APIClient(raise_request_exception=False)


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def rate_limits(settings: object) -> Iterator[None]:
    """Count for this test, from nought."""
    rates.shared_buckets.cache_clear()
    if client := command_client():
        client.flushdb()
    settings.RATE_LIMITS = True  # type: ignore[attr-defined]
    yield
    rates.shared_buckets.cache_clear()
