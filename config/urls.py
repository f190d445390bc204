"""All addresses."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("snappio.chat.urls")),
    path("admin/", admin.site.urls),
]
handler400 = "snappio.core.http.errors.bad_request"
handler404 = "snappio.core.http.errors.not_found"
handler500 = "snappio.core.http.errors.server_error"
