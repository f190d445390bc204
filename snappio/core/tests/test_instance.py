"""The instance about itself."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import redis
import yaml
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.test import Client
from openapi_spec_validator import validate
from redis.backoff import NoBackoff
from redis.retry import Retry

import snappio
from snappio.core import health
from snappio.core.limits import published

ROOT = Path(snappio.__file__).resolve().parent.parent
DOCS = "/docs/"


def broken_database():
    def refuse(execute, sql, params, many, context):
        raise OperationalError("server closed the connection")

    return connection.execute_wrapper(refuse)


@pytest.fixture
def unreachable_redis(monkeypatch):
    nobody = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(health, "command_client", lambda: nobody)


def test_lives_without_asking_anybody(browser: Client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        answer = browser.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_is_ready_with_all_parts(browser: Client, db):
    answer = browser.get("/readyz")

    broker = "ok" if django_settings.REDIS_URL else "none"
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok", "database": "ok", "migrations": "ok", "redis": broker,
    }  # fmt: skip


def test_is_not_ready_without_its_database(browser: Client, db):
    with broken_database():
        answer = browser.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["database"] == "away"


def test_is_not_ready_before_migrations(browser: Client, db):
    health._require_migrated.cache_clear()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'accounts'")

    answer = browser.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["migrations"] == "missing"


def test_is_degraded_but_ready_without_redis(browser: Client, db, unreachable_redis):
    answer = browser.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["redis"] == "away"


def test_describes_itself(browser: Client, db):
    described = browser.get("/api/v1/instance/").json()

    assert described["name"] == "Snappio"
    assert described["version"] == snappio.__version__
    assert described["registration"] == "open"
    assert described["guest_rooms"] is True
    assert "sessions" in described["features"]
    assert described["limits"] == json.loads(json.dumps(published()))
    assert described["limits"]["post_length"] == 5000


def test_a_stale_token_does_not_hide_the_instance(browser: Client, db):
    answer = browser.get("/api/v1/instance/", headers={"Authorization": "Bearer stale"})

    assert answer.status_code == 200


def test_version_is_the_projects(db):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert snappio.__version__ == project["version"]


@pytest.mark.parametrize("address", ["/", "/docs/swagger/", "/docs/redoc/"])
def test_pages_name_nothing_outside(browser: Client, db, address):
    answer = browser.get(address)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert "://" not in page
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "<script>" not in page


@pytest.mark.parametrize("address", ["/docs/swagger/", "/docs/redoc/", "/admin/login/"])
def test_every_file_a_page_names_is_served(browser: Client, db, address):
    page = browser.get(address).content.decode()
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)

    assert files
    for file in files:
        answer = browser.get(file)
        assert answer.status_code == 200, file
        assert b"".join(answer.streaming_content), file


def test_serves_no_file_outside_the_apps(browser: Client, db):
    for path in ("../manage.py", "..%2f..%2fmanage.py", "/etc/passwd", "", "%00"):
        assert browser.get(f"/static/{path}").status_code == 404, path


def test_describes_the_api_in_yaml_unless_asked_otherwise(browser: Client, db):
    answer = browser.get(DOCS)

    assert answer["Content-Type"] == "application/vnd.oai.openapi"
    assert yaml.safe_load(answer.content)["openapi"].startswith("3.1")


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        ("?format=json", "*/*"),
        ("", "application/json"),
        ("", "application/vnd.oai.openapi+json"),
    ],
)
def test_describes_the_api_in_json_if_asked(browser: Client, db, query, accept):
    answer = browser.get(f"{DOCS}{query}", headers={"Accept": accept})

    assert answer["Content-Type"] == "application/vnd.oai.openapi+json"
    assert answer.json() == yaml.safe_load(browser.get(DOCS).content)


def test_the_description_is_valid(browser: Client, db):
    validate(browser.get(f"{DOCS}?format=json").json())


def test_the_kept_description_is_the_present_one(browser: Client, db):
    kept = yaml.safe_load((ROOT / "docs" / "api.yaml").read_text())

    assert browser.get(f"{DOCS}?format=json").json() == kept


def test_every_operation_says_how_it_refuses(browser: Client, db):
    paths = browser.get(f"{DOCS}?format=json").json()["paths"]

    for path, item in paths.items():
        for method, operation in item.items():
            described = operation["responses"]
            assert {"429", "default"} <= set(described), (method, path)
            assert ("401" in described) == bool(operation.get("security")), (method, path)
