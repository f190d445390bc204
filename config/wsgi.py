"""The HTTP application (WSGI); `manage.py web` and `manage.py serve` run it."""

import os

from django.core.wsgi import get_wsgi_application

from snappio.core.http.wsgi import measured_body, utf8_only
from snappio.core.serving import collect_rarely

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

application = utf8_only(measured_body(get_wsgi_application()))
collect_rarely()
