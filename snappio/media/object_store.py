"""How an object store keeps our files (`settings.STORAGES` names it)."""

from typing import Any

from storages.backends.s3 import S3Storage  # type: ignore[import-untyped]

from snappio.media import files


class ObjectStore(S3Storage):  # type: ignore[misc] # the library has no types
    """Tells the store what our own server would say with each file."""

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        """Return what is said with a file: what is no image is there to be saved."""
        parameters: dict[str, Any] = super().get_object_parameters(name)
        if not files.is_shown(name):
            parameters["ContentDisposition"] = "attachment"
        return parameters
