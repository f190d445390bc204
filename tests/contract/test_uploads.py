"""Uploads as bytes, and many at once (U8 to U10, R12)."""

import resource
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from snappio.core.limits import MIB
from snappio.media.tests.images import jpeg
from tests.contract.forms import assert_post, given
from tests.contract.wire import exchange, in_chunks
from tests.house import House, Part
from tests.people import API
from tests.services import wait_until

POSTS = "/api/v1/posts/"
AS_FORM = b"content-type: multipart/form-data; boundary=x"
CONTENT = b'--x\r\ncontent-disposition: form-data; name="content"\r\n\r\na\r\n'
FILE = b'--x\r\ncontent-disposition: form-data; name="uploadImage"; filename="a.jpg"\r\n\r\n'
END = b"\r\n--x--\r\n"


def bearer(person) -> bytes:
    return b"authorization: Bearer " + person.access.encode()


def upload(house: House, person, body: bytes, *headers: bytes):
    length = b"content-length: %d" % len(body)
    return exchange(house.http, "POST", POSTS, [bearer(person), AS_FORM, length, *headers], body)


def serving(house: House) -> Part:
    return next(part for part in house.parts if part.name in {"serve", "web"})


def resident_bytes(part: Part) -> int:
    pages = int(Path(f"/proc/{part.process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


# U8: two files, an empty part, 10⁴ parts, no end, no name
@pytest.mark.parametrize(
    "body",
    [
        CONTENT + FILE + END,
        CONTENT + FILE + jpeg() + b"\r\n" + FILE + jpeg() + END,
        CONTENT + FILE.replace(b"uploadImage", b"other") + jpeg() + END,
        CONTENT + FILE.replace(b'; filename="a.jpg"', b"") + b"text" + END,
        (FILE + b"a\r\n") * 10_000 + END,
        CONTENT * 10_000 + END,
        b"",
        b"--x--\r\n",
    ],
    ids=["empty", "two", "other", "no file", "10,000 files", "10,000 fields", "nothing", "no part"],
)
def test_refuses_a_form_without_one_image(house, resident, body):
    reply = upload(house, resident, body)

    assert given(reply, 400)


def test_takes_a_form_whose_end_was_cut_off_or_refuses_it(house, resident):
    """Never a 500; Django takes a form that lacks nothing but its end."""
    assert upload(house, resident, CONTENT + FILE + jpeg()).status in {201, 400}


# U9: one byte over the limit, a lying length, no length
def test_refuses_one_byte_over_the_limit(house, resident):
    body = CONTENT + FILE + b"\xff\xd8" + bytes(25 * MIB - 1) + END

    assert given(upload(house, resident, body), 413)["code"] == "image_too_large"


def test_refuses_an_announced_length_before_a_byte_of_it_came(house, resident):
    headers = [bearer(resident), AS_FORM, b"content-length: 30000000"]

    reply = exchange(house.http, "POST", POSTS, headers, b"--x")

    assert given(reply, 413)["code"] == "too_large"


def test_takes_an_upload_in_chunks(house, resident):
    headers = [bearer(resident), AS_FORM, b"transfer-encoding: chunked"]

    reply = exchange(house.http, "POST", POSTS, headers, in_chunks(CONTENT + FILE + jpeg() + END))

    assert_post(given(reply, 201))


def test_thirty_megabytes_in_chunks_are_refused_without_filling_memory_or_disk(house, resident):
    body = in_chunks(CONTENT + FILE + bytes(30 * MIB) + END)
    headers = [bearer(resident), AS_FORM, b"transfer-encoding: chunked"]
    exchange(house.http, "POST", POSTS, headers, in_chunks(CONTENT + FILE + jpeg() + END))
    before = resident_bytes(serving(house))

    for _ in range(5):
        try:
            reply = exchange(house.http, "POST", POSTS, headers, body)
        except ConnectionError:
            # Refused and closed while we were sending.
            continue
        assert given(reply, 413)["code"] == "too_large"

    assert resident_bytes(serving(house)) - before < 20 * MIB
    wait_until(lambda: open_temporary_files(house) == [], seconds=10, what="an end of spooling")


# U10: twenty at once
def test_twenty_uploads_at_once_succeed_or_are_put_off(house, alice):
    photo = jpeg((800, 600))
    before = temporary_names(house)

    def publish(number: int) -> httpx.Response:
        return httpx.post(
            f"{house.http}{API}/posts/",
            headers={"Authorization": f"Bearer {alice.access}"},
            data={"content": f"{number}"},
            files={"uploadImage": photo},
            timeout=60,
            trust_env=False,
        )

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(publish, range(20)))

    statuses = {answer.status_code for answer in answers}
    assert statuses <= {201, 429, 503}
    made = [answer.json() for answer in answers if answer.status_code == 201]
    assert made
    for answer in answers:
        assert answer.status_code == 201 or int(answer.headers["retry-after"]) > 0
    profile = alice.http.get("/users/profile/").json()
    assert set(profile["posts"]) == {post["id"] for post in made}
    assert {alice.http.get(post["image"]).status_code for post in made} == {200}
    wait_until(lambda: open_temporary_files(house) == [], seconds=10, what="an end of spooling")
    assert temporary_names(house) - before == set()


def temporary_names(house: House) -> set[str]:
    """Return what the house's temporary files are called, as far as they have names."""
    return {path.name for path in house.temporary.iterdir()}


def open_temporary_files(house: House) -> list[str]:
    """Return what the server holds open in the temporary directory; most has no name there."""
    descriptors = Path(f"/proc/{serving(house).process.pid}/fd").iterdir()
    targets = [str(path.readlink()) for path in descriptors if path.is_symlink()]
    # The log of the house itself lies there, too.
    found = [name for name in targets if name.startswith(tempfile.gettempdir())]
    return [name for name in found if "(deleted)" in name or ".upload" in name]
