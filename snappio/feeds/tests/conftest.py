import pytest
from rest_framework.test import APIClient

from snappio.accounts.tests.factories import client_of


@pytest.fixture(autouse=True)
def media_root(settings, tmp_path):
    """Files of tests stay with the tests."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def as_alice(alice) -> APIClient:
    return client_of(alice)
