"""All addresses."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from snappio.accounts import urls as accounts
from snappio.core import urls as core
from snappio.media import urls as media

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(core.urlpatterns)),
    path("", include("snappio.realtime.urls")),
    path("", include(media.urlpatterns)),
    path("", include(accounts.page_urlpatterns)),
    path("admin/", admin.site.urls),
    path("api/v1/", include(core.api_urlpatterns)),
    path("api/v1/", include(accounts.urlpatterns)),
    path("api/v1/", include(media.api_urlpatterns)),
    path("api/v1/", include("snappio.posts.urls")),
    path("api/v1/", include("snappio.chat.urls")),
    path("api/v1/", include("snappio.feeds.urls")),
    path("api/v1/", include("snappio.profiles.urls")),
]
handler400 = "snappio.core.http.errors.bad_request"
handler404 = "snappio.core.http.errors.not_found"
handler500 = "snappio.core.http.errors.server_error"
