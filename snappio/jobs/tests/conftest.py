import pytest

from snappio.jobs.tests import examples


@pytest.fixture(autouse=True)
def _clean_examples():
    examples.forget_all()
    yield
    # Lets go of workers that a failed test left behind.
    examples.may_end.set()
