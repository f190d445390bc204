"""The files of a deployment are well formed; no Docker daemon is needed to see that."""

import os
import re
import shutil
import subprocess

import pytest
import yaml

from config.env import BASE_DIR
from tests.architecture.test_environment import documented_variables

pytestmark = pytest.mark.once

COMPOSE = yaml.safe_load((BASE_DIR / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OUR_SERVICES = ("web", "sockets", "worker", "migrate")


def test_compose_has_the_parts_of_a_fleet():
    assert set(SERVICES) == {"gateway", *OUR_SERVICES, "postgres", "redis"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_says_what_it_runs(name):
    assert {"image", "build"} & SERVICES[name].keys()


@pytest.mark.parametrize("name", OUR_SERVICES)
def test_our_services_set_only_variables_that_are_documented(name):
    assert SERVICES[name]["environment"].keys() <= set(documented_variables())


def test_compose_asks_only_for_variables_that_are_documented():
    asked = re.findall(r"\$\{([A-Z_0-9]+)", (BASE_DIR / "compose.yaml").read_text())

    assert set(asked) <= set(documented_variables())


def test_every_volume_and_network_in_use_is_declared():
    volumes = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith(".")
    }
    networks = {name for service in SERVICES.values() for name in service["networks"]}

    assert volumes == set(COMPOSE["volumes"])
    assert networks == set(COMPOSE["networks"])


def test_services_wait_only_for_services_that_can_become_ready():
    for service in SERVICES.values():
        for name, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                has_check = "healthcheck" in SERVICES[name] or "build" in SERVICES[name]
                assert has_check, f"{name} has no health check"
                assert not SERVICES[name].get("healthcheck", {}).get("disable")


def test_only_the_gateway_is_reachable_from_outside():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["gateway"]
    assert "80:80" in SERVICES["gateway"]["ports"]


def test_database_is_on_a_network_that_leads_nowhere():
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["data"]
    assert COMPOSE["networks"]["data"] == {"internal": True}


def test_gateway_forwards_to_services_that_exist():
    upstreams = re.findall(r"reverse_proxy (\w+):8000", caddyfile())

    assert upstreams == ["sockets", "web"]


def test_image_copies_only_files_that_exist_and_are_not_ignored():
    lines = re.findall(r"^COPY (?!--from)(.+)$", dockerfile(), re.MULTILINE)
    copied = [source for line in lines for source in line.split()[:-1]]
    kept = (BASE_DIR / ".dockerignore").read_text().splitlines()

    assert copied
    assert [source for source in copied if not (BASE_DIR / source).exists()] == []
    assert [source for source in copied if f"!{source}" not in kept] == []


def test_image_does_not_run_as_root():
    users = re.findall(r"^USER (\S+)$", dockerfile(), re.MULTILINE)

    assert users == ["snappio"]


def test_image_and_makefile_use_the_same_uv():
    in_image = re.search(r"uv==(\S+)", dockerfile())
    in_makefile = re.search(r"uv-(\S+)", (BASE_DIR / "Makefile").read_text())

    assert in_image
    assert in_makefile
    assert in_image[1] == in_makefile[1]


@pytest.mark.parametrize("public_url", [":80", "https://social.example"])
def test_caddy_accepts_its_file(public_url):
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("caddy is not installed")

    done = subprocess.run(
        [caddy, "validate", "--adapter", "caddyfile", "--config", "deploy/Caddyfile"],
        cwd=BASE_DIR,
        env={**os.environ, "PUBLIC_URL": public_url},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def caddyfile() -> str:
    return (BASE_DIR / "deploy" / "Caddyfile").read_text()


def dockerfile() -> str:
    return (BASE_DIR / "Dockerfile").read_text()
