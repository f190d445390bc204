"""Part A's table, the documentation and the admin."""

import re

import orjson
import pytest
import yaml

ASSET = re.compile(r"""(?:src|href)=["']([^"'#]+\.\w+)["']""")
ELSEWHERE = re.compile(r"""["'(](?:https?:)?//(?!www\.w3\.org)[\w.-]+\.\w+""")


# `GET /docs/` · OpenAPI 3.1 (YAML by default)
@pytest.mark.parametrize("accept", [None, "*/*", "text/html"])
def test_the_description_is_yaml_by_default(anyone, accept):
    answer = anyone.get("/docs/", headers={"Accept": accept} if accept else {})

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/vnd.oai.openapi")
    assert yaml.safe_load(answer.text)["openapi"].startswith("3.1")


# `?format=json`, `Accept`
@pytest.mark.parametrize(
    ("query", "accept"),
    [("?format=json", "*/*"), ("", "application/json")],
    ids=["query", "accept"],
)
def test_the_description_is_json_if_asked(anyone, query, accept):
    answer = anyone.get(f"/docs/{query}", headers={"Accept": accept})

    described = orjson.loads(answer.content)
    assert "json" in answer.headers["content-type"]
    assert described == yaml.safe_load(anyone.get("/docs/").text)
    assert {"/api/v1/posts/", "/api/v1/users/profile/", "/api/v1/auth/"} <= set(described["paths"])


# both pages, assets served by us, working offline
@pytest.mark.parametrize("path", ["/docs/swagger/", "/docs/redoc/", "/admin/login/"])
def test_every_file_that_a_page_names_is_served_by_us(anyone, path):
    page = anyone.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"

    assets = [name for name in ASSET.findall(page.text) if not name.startswith("data:")]

    assert any(name.endswith((".js", ".css")) for name in assets)
    for name in assets:
        assert name.startswith("/"), name
        assert anyone.get(name).status_code == 200, name


@pytest.mark.parametrize("path", ["/docs/swagger/", "/docs/redoc/"])
def test_a_page_may_load_nothing_from_elsewhere(anyone, path):
    page = anyone.get(path)

    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not ELSEWHERE.search(page.text)


# `GET /admin/` · staff
def test_the_admin_asks_who_one_is(anyone, alice):
    for headers in ({}, {"Authorization": f"Bearer {alice.access}"}):
        answer = anyone.get("/admin/", headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (
            302,
            "/admin/login/?next=/admin/",
        )


def test_the_admin_lets_no_ordinary_member_in(anyone, alice):
    page = anyone.get("/admin/login/")
    token = page.cookies["csrftoken"]
    fields = {
        "username": alice.username,
        "password": alice.password,
        "csrfmiddlewaretoken": token,
        "next": "/admin/",
    }

    answer = anyone.post("/admin/login/", data=fields)

    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies


def test_says_whether_it_lives_and_is_ready(anyone):
    assert anyone.get("/healthz").json() == {"status": "ok"}
    assert anyone.get("/readyz").status_code == 200
