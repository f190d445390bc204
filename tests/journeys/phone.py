"""The Flutter app, as it writes to the network: dio on HTTP.

Requests are bytes, not calls of an HTTP library: what matters here is the form
that existing clients send (names in lower case, no `accept`), which libraries
would tidy up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import urlencode, urlsplit

import orjson
from PIL import Image

from tests.contract.wire import Reply, exchange

BOUNDARY = b"--dio-boundary-3481272059"
ORIENTATION, GPS, MAKE = 0x0112, 0x8825, 0x010F


@dataclass
class Phone:
    """One installation of the app."""

    url: str
    token: str | None = field(default=None, repr=False)

    def get(self, path: str, **query: str) -> Reply:
        return self.send("GET", f"{path}?{urlencode(query)}" if query else path)

    def delete(self, path: str) -> Reply:
        return self.send("DELETE", path)

    def send_json(self, method: str, path: str, body: Mapping[str, str]) -> Reply:
        return self.send(method, path, b"application/json; charset=utf-8", orjson.dumps(body))

    def send_form(
        self, method: str, path: str, fields: Mapping[str, str], photo: bytes | None = None
    ) -> Reply:
        kind = b"multipart/form-data; boundary=" + BOUNDARY
        return self.send(method, path, kind, form(fields, photo))

    def send(self, method: str, path: str, kind: bytes = b"", body: bytes = b"") -> Reply:
        headers = [b"user-agent: Dart/3.4 (dart:io)", b"accept-encoding: gzip"]
        if body:
            headers += [b"content-type: " + kind]
        if self.token:
            headers += [b"authorization: Bearer " + self.token.encode()]
        headers += [b"content-length: %d" % len(body)]
        return exchange(self.url, method, path, headers, body)

    def load(self, address: str) -> Reply:
        """Load an image by its absolute address: no token, no redirect followed."""
        parts = urlsplit(address)
        headers = [b"user-agent: Dart/3.4 (dart:io)", b"accept-encoding: gzip"]
        return exchange(f"{parts.scheme}://{parts.netloc}", "GET", parts.path, headers)


def form(fields: Mapping[str, str], photo: bytes | None = None) -> bytes:
    """Write form fields and, if given, a photograph, as dio does."""
    parts = []
    for name, value in fields.items():
        lines = [f'content-disposition: form-data; name="{name}"'.encode()]
        if not value.isascii():
            lines += [b"content-type: text/plain; charset=utf-8"]
            lines += [b"content-transfer-encoding: binary"]
        parts.append(b"\r\n".join([*lines, b"", value.encode()]))
    if photo is not None:
        parts.append(
            b'content-disposition: form-data; name="uploadImage"; filename="image_picker_7.jpg"\r\n'
            b"content-type: application/octet-stream\r\n\r\n" + photo
        )
    boundary = b"--" + BOUNDARY
    return b"".join(b"%s\r\n%s\r\n" % (boundary, part) for part in parts) + boundary + b"--\r\n"


def camera_jpeg(size: tuple[int, int] = (4032, 3024)) -> bytes:
    """Make what a phone held upright writes: turned by EXIF, with place and maker."""
    exif = Image.Exif()
    exif[MAKE] = "SecretCam"
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)})
    # Rough enough to be as large as a real photograph.
    noise = Image.effect_noise((size[0] // 4, size[1] // 4), 60).convert("RGB")
    buffer = BytesIO()
    noise.resize(size).save(buffer, "JPEG", quality=92, exif=exif.tobytes())
    return buffer.getvalue()
