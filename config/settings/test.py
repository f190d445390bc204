"""The overlay for tests: the same behaviour, only cheaper and apart from each other.

Each pytest-xdist worker has its own database, Redis database and directory.
"""

import hashlib
import os
from urllib.parse import urlsplit

from config.env import BASE_DIR
from config.settings.base import *  # noqa: F403
from config.settings.base import DATABASES, POSTGRES_URL, REDIS_URL

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
TEST_DIR = BASE_DIR / "var" / "test" / WORKER

RATE_LIMITS = False
MEDIA_ROOT = TEST_DIR / "media"
MAIL_DIR = TEST_DIR / "mail"

if POSTGRES_URL:
    # Named after the checkout: two of them may share one server.
    _checkout = hashlib.sha256(str(BASE_DIR).encode()).hexdigest()[:8]
    DATABASES["default"]["TEST"] = {"NAME": f"test_snappio_{_checkout}"}
else:
    # A file, not memory: connections of several threads then wait for each other
    # as they do in production.
    TEST_DIR.mkdir(parents=True, exist_ok=True)
    DATABASES["default"]["TEST"] = {"NAME": TEST_DIR / "snappio.sqlite3"}

if REDIS_URL:
    # Redis has 16 databases unless told otherwise.
    _given = int(urlsplit(REDIS_URL).path.strip("/") or 0)
    _mine = (_given + int(WORKER.removeprefix("gw"))) % 16
    REDIS_URL = urlsplit(REDIS_URL)._replace(path=f"/{_mine}").geturl()
