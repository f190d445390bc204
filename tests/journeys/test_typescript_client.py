"""The TypeScript client's own tests, against a running house.

They are written in TypeScript and run by Node: compiling them strictly is the first of them.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.house import ROOT, Blueprint, House

CLIENT = ROOT / "clients" / "typescript"
COMPILER = CLIENT / "node_modules" / "typescript" / "bin" / "tsc"
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.skipif(not NODE, reason="needs Node: apt install nodejs npm"),
    pytest.mark.skipif(
        not COMPILER.exists(), reason="needs what `npm ci` installs in clients/typescript"
    ),
]


@pytest.fixture(scope="module")
def house(blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One whose tokens end while the test looks on."""
    directory = tmp_path_factory.mktemp("typescript")
    with House(blueprint, directory, ACCESS_TOKEN_LIFETIME="6s") as running:
        yield running


def test_the_typescript_client_does_what_its_page_says(house: House):
    run(str(COMPILER))
    run(str(COMPILER), "-p", "test")
    tests = sorted(str(path) for path in (CLIENT / "build" / "test").glob("*.test.js"))
    run("--test", *tests, SNAPPIO_HTTP=house.http, SNAPPIO_WS=house.ws)


def run(*arguments: str, **environment: str) -> None:
    """Run Node in the client's directory; what it printed is the failure's text."""
    done = subprocess.run(
        [NODE or "node", *arguments],
        check=False,
        cwd=CLIENT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout
