"""Hold the code to the house rules that need no running tests; CI runs the same.

Steps go from quick to slow; the first that fails says what to do and ends the run.
"""

import difflib
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
MANAGE = [sys.executable, "manage.py"]
API = ROOT / "docs" / "api.yaml"
# More of a difference than this helps nobody.
DIFF_LINES = 60


@dataclass(frozen=True)
class Failure:
    """What a step found, and what to do about it."""

    output: str
    advice: str


@dataclass(frozen=True)
class Command:
    """A step that passes if its command does."""

    arguments: list[str]
    advice: str
    environment: Mapping[str, str]

    def __call__(self) -> Failure | None:
        """Run it."""
        done = subprocess.run(
            self.arguments,
            check=False,
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Failure(done.stdout, self.advice) if done.returncode else None


def main() -> int:
    """Take every step until one fails, and return the exit status."""
    with tempfile.TemporaryDirectory(prefix="snappio-check-") as directory:
        for name, step in _steps(Path(directory)).items():
            print(f"{name + ' ':.<34}", end=" ", flush=True)
            started_at = time.monotonic()
            if failure := step():
                print(f"FAILED\n\n{failure.output}\n→ {failure.advice}\n", flush=True)
                return 1
            print(f"ok ({time.monotonic() - started_at:.1f} s)", flush=True)
    print("All checks passed.")
    return 0


def _steps(directory: Path) -> dict[str, Callable[[], Failure | None]]:
    # A developer's own settings change nothing here, nor does a check leave anything in var/.
    embedded = {
        "POSTGRES_URL": "",
        "REDIS_URL": "",
        "DJANGO_SECRET": "",
        "PUBLIC_URL": "",
        "DATA_DIR": str(directory),
    }
    production = {
        **embedded,
        "POSTGRES_URL": "postgres://snappio@postgres/snappio",
        "REDIS_URL": "redis://redis/0",
        "DJANGO_SECRET": secrets.token_urlsafe(48),
        "PUBLIC_URL": "https://social.example",
        "TRUSTED_PROXIES": "1",
    }

    def command(*arguments: str, advice: str, **environment: str) -> Command:
        return Command(
            [str(BIN / arguments[0]), *arguments[1:]], advice, {**embedded, **environment}
        )

    def manage(*arguments: str, advice: str, environment: Mapping[str, str] = embedded) -> Command:
        return Command([*MANAGE, *arguments], advice, environment)

    return {
        "Lint (ruff)": command(
            "ruff", "check", ".", advice="`make format` mends some of it; the rest is for you."
        ),
        "Format (ruff)": command(
            "ruff", "format", "--check", "--diff", ".", advice="`make format` mends it."
        ),
        "Types (mypy)": command("mypy", advice="Mend the types; `Any` and ignores need a reason."),
        "Imports (import-linter)": command(
            "lint-imports", "--no-logo",
            advice="The map is in .importlinter, its reasons in ARCHITECTURE.md.",
        ),
        "Migrations": manage(
            "makemigrations", "--check", "--dry-run",
            advice="Models and migrations differ: `.venv/bin/python manage.py makemigrations`.",
        ),
        "Settings of a deployment": manage(
            "check", "--deploy", "--fail-level", "WARNING",
            advice="Mend config/settings/base.py, or silence the check there with its reason.",
            environment=production,
        ),
        "API schema (docs/api.yaml)": lambda: _schema_drift(directory / "api.yaml", manage),
        "Types of the TypeScript client": Command(
            [sys.executable, "-m", "scripts.typescript", "--check"],
            "`make schema` writes them anew.",
            embedded,
        ),
        "Architecture, deployment files": command(
            "pytest", "tests/architecture", "-p", "no:xdist", "-p", "no:cacheprovider",
            advice="The tests named above say what must hold.",
        ),
    }  # fmt: skip


def _schema_drift(written: Path, manage: Callable[..., Command]) -> Failure | None:
    generate = manage(
        "spectacular", "--validate", "--fail-on-warn", "--file", str(written),
        advice="The schema cannot be made from the code; annotate the view that is named above.",
    )  # fmt: skip
    if failure := generate():
        return failure
    kept = API.read_text().splitlines() if API.exists() else []
    made = written.read_text().splitlines()
    difference = list(difflib.unified_diff(kept, made, "docs/api.yaml", "the code", lineterm=""))
    if not difference:
        return None
    return Failure(
        "\n".join(difference[:DIFF_LINES]),
        "The API has changed. If that is meant, `make schema` writes the file anew.",
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
