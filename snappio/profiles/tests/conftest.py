import pytest


@pytest.fixture(autouse=True)
def media_root(settings, tmp_path):
    """Files of tests stay with the tests."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT
