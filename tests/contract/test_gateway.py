"""What the gateway of a fleet lets through (R11), and how it gives out files."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from snappio.media import filetypes
from tests.contract.wire import Reply, exchange
from tests.services import free_port, wait_until

CADDYFILE = Path(__file__).parents[2] / "deploy" / "Caddyfile"

NAME = "abcdefghijklmnopqrstuv"


class Echo(BaseHTTPRequestHandler):
    """Stands for `web`: answers with the headers that reached it."""

    def do_GET(self):
        body = "\n".join(f"{name.lower()}: {value}" for name, value in self.headers.items())
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Where the gateway finds the files whose keys begin with `ab`."""
    directory = tmp_path / "media" / "ab"
    directory.mkdir(parents=True)
    return directory


@pytest.fixture
def gateway(web: int, tmp_path: Path) -> Iterator[str]:
    """The gateway with its own file; only where `web` lives is another."""
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("needs caddy")
    port = free_port()
    text = CADDYFILE.read_text().replace("web:8000", f"127.0.0.1:{web}")
    text = text.replace("/srv/media", str(tmp_path / "media"))
    file = tmp_path / "Caddyfile"
    file.write_text(text.replace("{\n", "{\n\tadmin off\n", 1))
    environment = {**os.environ, "PUBLIC_URL": f"http://127.0.0.1:{port}", "HOME": str(tmp_path)}
    with subprocess.Popen(
        [program, "run", "--adapter", "caddyfile", "--config", str(file)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: answers(url), seconds=20, what="An answer of the gateway")
            yield url
        finally:
            process.terminate()


def answers(url: str) -> bool:
    try:
        return asked(url).status == 200
    except OSError:
        return False


def asked(url: str, *headers: bytes) -> Reply:
    return exchange(url, "GET", "/api/v1/posts/", headers)


def test_a_client_cannot_choose_its_address(gateway):
    reply = asked(
        gateway,
        b"X-Forwarded-For: 10.1.2.3",
        b"X_Forwarded_For: 10.1.2.4",
        b"x-forwarded_proto: https",
        b"Accept: text/plain",
    )

    reached = reply.body.decode().splitlines()
    assert "x-forwarded-for: 127.0.0.1" in reached
    assert "x-forwarded-proto: http" in reached
    assert "accept: text/plain" in reached
    assert not [line for line in reached if "_" in line.partition(":")[0] or "10.1.2." in line]


# U4: what is no image is saved and never shown, as the type it was taken for
@pytest.mark.parametrize("kind", filetypes.ALL, ids=lambda kind: kind.extension)
def test_a_file_that_is_no_image_is_there_to_be_saved(gateway, media, kind):
    name = f"{NAME}-file.{kind.extension}"
    (media / name).write_bytes(b"<script>alert(1)</script>")

    reply = exchange(gateway, "GET", f"/media/ab/{name}")

    assert reply.status == 200
    assert reply.headers["content-type"] == kind.content_type
    assert reply.headers["content-disposition"] == "attachment"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_an_image_is_shown(gateway, media):
    (media / f"{NAME}-large.jpg").write_bytes(b"pixels")

    reply = exchange(gateway, "GET", f"/media/ab/{NAME}-large.jpg")

    assert (reply.status, reply.headers["content-type"]) == (200, "image/jpeg")
    assert "content-disposition" not in reply.headers
    assert reply.headers["x-content-type-options"] == "nosniff"
