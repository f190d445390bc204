"""Tokens of mailed links (A21)."""

from uuid import uuid4

import pytest

from snappio.accounts.errors import LinkNotValid
from snappio.accounts.links import seal, unseal

pytestmark = pytest.mark.once


def test_a_token_says_which_link_it_is():
    link_id = uuid4()

    assert unseal("verify-email", seal("verify-email", link_id)) == link_id
    assert seal("verify-email", link_id) == seal("verify-email", link_id)


def test_a_token_is_good_for_its_purpose_only():
    with pytest.raises(LinkNotValid):
        unseal("reset-password", seal("verify-email", uuid4()))


def test_a_token_is_bound_to_the_secret_of_the_instance(settings):
    token = seal("verify-email", uuid4())
    settings.INSTANCE_SECRET = "another secret of another instance"

    with pytest.raises(LinkNotValid):
        unseal("verify-email", token)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "ü" * 43, "\0" * 43, "=" * 43, "a" * 5000])
def test_refuses_what_is_no_token(token):
    with pytest.raises(LinkNotValid):
        unseal("verify-email", token)


def test_refuses_a_token_with_any_character_changed():
    token = seal("verify-email", uuid4())
    # The last character carries two bits that mean nothing.
    for place in range(len(token) - 1):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(LinkNotValid):
            unseal("verify-email", token[:place] + other + token[place + 1 :])
