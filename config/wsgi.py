"""The HTTP application for a server of its own (WSGI); `manage.py web` runs it."""

from config.http import application
from snappio.core.serving import collect_rarely, end_with_parent

__all__ = ["application"]

collect_rarely()
end_with_parent()
