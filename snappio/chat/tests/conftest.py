"""The cast."""

import pytest

from snappio.chat.tests.factories import make_member


@pytest.fixture
def alice(db):
    return make_member("alice")


@pytest.fixture
def bob(db):
    return make_member("bob")


@pytest.fixture
def carol(db):
    return make_member("carol")
