"""What all apps' pages for staff share."""

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)


class LookedAt(admin.ModelAdmin[Row]):
    """Shows rows and changes nothing: numbers, files and sockets hang on them.

    What staff may do goes through the services, which check, tell and keep a trail.
    """

    # Counting millions of rows takes longer than the page.
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: members write for themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: nobody puts words into a member's mouth."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a row that goes behind the services' back leaves numbers wrong."""
        return False
