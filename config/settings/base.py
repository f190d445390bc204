"""All settings, driven by the environment; nothing needs to be set to try Snappio.

Without ``POSTGRES_URL`` and ``REDIS_URL`` the instance is *embedded*: SQLite, an
in-process broker, files under ``DATA_DIR``. With them it is a *fleet*.
"""

from datetime import timedelta
from email.utils import formataddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from environs import validate

from config.env import BASE_DIR, env, mail_server, read_secret
from config.scopes import API_SCOPES, SOCKET_SCOPES  # noqa: F401 -- settings, too
from snappio.core.limits import GIB, MIB, Limits

# --- What kind of instance -------------------------------------------------

DATA_DIR = Path(env.str("DATA_DIR", "") or BASE_DIR / "var").resolve()
POSTGRES_URL = env.str("POSTGRES_URL", "")
REDIS_URL = env.str("REDIS_URL", "")
IS_FLEET = bool(POSTGRES_URL or REDIS_URL)

INSTANCE_NAME = env.str("INSTANCE_NAME", "Snappio")
INSTANCE_SECRET = read_secret(DATA_DIR, required=IS_FLEET)
SECRET_KEY = INSTANCE_SECRET
DEBUG = False

# --- Who may reach it ------------------------------------------------------

# Where members find it, e.g. https://social.example; without it, addresses are
# built from the request's own host.
PUBLIC_URL = env.str("PUBLIC_URL", "").rstrip("/")
_public_host = urlsplit(PUBLIC_URL).hostname
# What links in mail begin with; a request's host may be anybody's invention.
SITE_URL = PUBLIC_URL or "http://localhost:8000"

# 10.0.2.2 is this machine as an Android emulator sees it.
_LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]", "10.0.2.2"]
# Always the local ones: health checks ask there, and a page elsewhere gains nothing by them.
ALLOWED_HOSTS = [*_LOCAL_HOSTS, *filter(None, [_public_host]), *env.list("ALLOWED_HOSTS", [])]
# Web pages on other origins that may open sockets (apps send no Origin).
ALLOWED_ORIGINS: list[str] = env.list("ALLOWED_ORIGINS", [])

# How many proxies of our own stand in front: so many entries of X-Forwarded-For
# are believed, no more. A false number lets anybody choose their address.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Any origin, no credentials: nothing but the admin is authenticated by cookie.
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_CREDENTIALS = False
CORS_EXPOSE_HEADERS = [
    "Link",
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-Id",
]
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "x-request-id",
]
CORS_URLS_REGEX = r"^/(api|docs|media|healthz|readyz)"

_is_https = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _is_https
SESSION_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if _is_https else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    # Other names under the owner's domain are not ours to decide about.
    "security.W005",
    "security.W021",
    # The gateway redirects to https; a redirect here would also hit health checks.
    "security.W008",
]

# --- Limits ----------------------------------------------------------------

# Off for benchmarks and most tests, never for people.
RATE_LIMITS = env.bool("RATE_LIMITS", True)
LIMITS = Limits(
    access_token_lifetime=int(
        env.timedelta("ACCESS_TOKEN_LIFETIME", timedelta(days=30)).total_seconds()
    ),
    refresh_token_lifetime=int(
        env.timedelta("REFRESH_TOKEN_LIFETIME", timedelta(days=60)).total_seconds()
    ),
    media_bytes_member=env.int("MEDIA_QUOTA", 5 * GIB),
)
# Guests may talk in rooms that were opened by name: the existing app sends no
# token there. Never in rooms with members.
GUEST_ROOMS = env.bool("GUEST_ROOMS", True)

# --- Parts -----------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_tasks",
    "django_tasks_db",
    "snappio.core",
    "snappio.jobs",
    "snappio.realtime",
    "snappio.mail",
    "snappio.accounts",
    "snappio.media",
    "snappio.relationships",
    "snappio.posts",
    "snappio.chat",
    "snappio.feeds",
    "snappio.profiles",
    "snappio.demo",
]

MIDDLEWARE = [
    "snappio.core.http.middleware.request_id",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "snappio.core.http.middleware.api_headers",
    "snappio.core.http.middleware.bounded_body",
    "snappio.core.http.middleware.optional_trailing_slash",
    "django.middleware.common.CommonMiddleware",
    "snappio.core.http.admin.AdminSessions",
    "django.middleware.csrf.CsrfViewMiddleware",
    "snappio.core.http.admin.AdminSignIn",
    "snappio.core.http.admin.AdminMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database --------------------------------------------------------------

# Threads that serve HTTP in one process; each holds at most one connection.
HTTP_THREADS = env.int("HTTP_THREADS", 8)

if POSTGRES_URL:
    _database = dj_database_url.parse(POSTGRES_URL, engine="snappio.core.postgres")
    DATABASES: dict[str, dict[str, Any]] = {"default": {**_database}}
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        # Threads beyond the pool wait for a connection instead of opening one
        # more: a storm of requests cannot exhaust the database.
        "pool": {"min_size": 1, "max_size": HTTP_THREADS + 2, "timeout": 10},
        # Hot reads (`core.compiled`) are prepared when they come back; nothing else is.
        "prepare_threshold": 2,
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "snappio.sqlite3",
            # HTTP threads, lanes and jobs live as long as the process does.
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # Writers queue at BEGIN; otherwise a read that turns into a
                # write fails with "database is locked", whatever the timeout.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
            },
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Members ---------------------------------------------------------------

# Who may join: everybody, everybody once the staff approve, who has a code, or nobody.
REGISTRATION = env.str(
    "REGISTRATION", "open", validate=validate.OneOf(["open", "approval", "invitation", "closed"])
)
# Off, since the first app knows nothing of it: its members write at once.
REQUIRE_VERIFIED_EMAIL = env.bool("REQUIRE_VERIFIED_EMAIL", False)
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["snappio.accounts.backends.AdminBackend"]
PASSWORD_HASHERS = ["snappio.accounts.hashers.BoundedArgon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# --- HTTP API --------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["snappio.accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_RENDERER_CLASSES": ["snappio.core.http.json.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "snappio.core.http.json.OrjsonParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "snappio.core.http.json.AlwaysJson",
    "DEFAULT_THROTTLE_CLASSES": ["snappio.core.http.throttling.ApiThrottle"],
    "DEFAULT_SCHEMA_CLASS": "snappio.core.http.schema.ApiSchema",
    "EXCEPTION_HANDLER": "snappio.core.http.errors.answer_exception",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Snappio",
    "DESCRIPTION": "Accounts, photographs, feeds and chat of one self-hosted instance.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # Two fields of one name with different choices.
    "ENUM_NAME_OVERRIDES": {
        "VisibilityEnum": "snappio.chat.models.Visibility",
        "PostVisibilityEnum": "snappio.posts.models.Visibility",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "snappio.core.http.schema.describe_refusals",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Forms have few fields; more than this is an attack on the parser.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100
DATA_UPLOAD_MAX_NUMBER_FILES = 20
DATA_UPLOAD_MAX_MEMORY_SIZE = LIMITS.body_bytes
# Larger files wait on disk, not in memory.
FILE_UPLOAD_MAX_MEMORY_SIZE = MIB

# --- Files -----------------------------------------------------------------

MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
S3_BUCKET = env.str("S3_BUCKET", "")
STORAGES = {
    "default": (
        {
            "BACKEND": "snappio.media.object_store.ObjectStore",
            "OPTIONS": {
                "bucket_name": S3_BUCKET,
                "endpoint_url": env.str("S3_ENDPOINT", "") or None,
                "region_name": env.str("S3_REGION", "") or None,
                "access_key": env.str("S3_ACCESS_KEY", "") or None,
                "secret_key": env.str("S3_SECRET_KEY", "") or None,
                "custom_domain": env.str("S3_PUBLIC_HOST", "") or None,
                # Names are random and never reused: no query string, no overwriting,
                # and no ACLs, which several S3 servers refuse.
                "querystring_auth": False,
                "file_overwrite": False,
                "default_acl": None,
                "signature_version": "s3v4",
                "object_parameters": {"CacheControl": "public, max-age=31536000, immutable"},
            },
        }
        if S3_BUCKET
        else {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    ),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- Mail ------------------------------------------------------------------

EMAIL_URL = env.str("EMAIL_URL", "")
MAIL_DIR = DATA_DIR / "mail"
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if EMAIL_URL else "snappio.mail.files.FileBackend"
)
_mail = mail_server(EMAIL_URL)
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.starts_tls, _mail.is_tls
# A server that says nothing for so long is away; the job comes back later.
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", "") or formataddr(
    (INSTANCE_NAME, f"noreply@{_public_host or 'localhost'}")
)

# --- Jobs ------------------------------------------------------------------

TASKS = {
    "default": {
        "BACKEND": "django_tasks_db.DatabaseBackend",
        "QUEUES": ["default"],
        "OPTIONS": {},
    }
}

# --- Language, time, logs --------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

LOG_LEVEL = env.str("LOG_LEVEL", "INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # 4xx answers are the client's affair; they would let anybody fill the disk.
        "django.request": {"level": "ERROR"},
        # Likewise; a host that is not allowed would even write a traceback each time.
        "django.security": {"level": "CRITICAL"},
    },
}
