"""Says what is missing or risky."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from snappio.core.doctor import Finding, Verdict, examine

MARKS = {Verdict.FINE: "  ok     ", Verdict.RISKY: "  risky  ", Verdict.MISSING: "  MISSING"}


class Command(BaseCommand):
    """`manage.py doctor`."""

    help = "Say in plain words what is missing or risky in this configuration."
    # What is wrong is what this command tells; it must start in spite of it.
    requires_system_checks: tuple[str, ...] = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Print every finding; the exit status is 1 if something is missing."""
        findings = list(examine())
        for finding in findings:
            self._print(finding)
        if any(finding.verdict is Verdict.MISSING for finding in findings):
            raise CommandError("Snappio cannot run like this.")
        self.stdout.write("Snappio can run.")

    def _print(self, finding: Finding) -> None:
        self.stdout.write(f"{MARKS[finding.verdict]}  {finding.sentence}")
        if finding.verdict is not Verdict.FINE and finding.remedy:
            self.stdout.write(f"           → {finding.remedy}")
