"""HTTP: `config.wsgi` gives it a server of its own, `config.asgi` runs it beside sockets."""

import os

from django.core.wsgi import get_wsgi_application

from snappio.core.http.wsgi import measured_body, utf8_only, whole_body

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

application = whole_body(utf8_only(measured_body(get_wsgi_application())))
