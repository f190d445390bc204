#!/usr/bin/env python
"""The command line of Snappio; `manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # Settings are read before any command runs; a traceback would help nobody.
        sys.exit(f"Snappio cannot start. {error}")


if __name__ == "__main__":
    main()
