"""Uploads for everybody, as bytes and many at once (U8 to U10)."""

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from snappio.core.limits import MIB
from snappio.media.tests.images import jpeg
from snappio.media.tests.samples import PDF
from tests.contract.forms import assert_id, given, nothing_given
from tests.contract.test_uploads import open_temporary_files, temporary_names
from tests.contract.wire import exchange, in_chunks
from tests.house import House
from tests.people import API
from tests.services import wait_until

MEDIA = f"{API}/media/"
AS_FORM = b"content-type: multipart/form-data; boundary=x"
FILE = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
# 128 random bits, and what it was taken for.
STORED = re.compile(r"/media/[\w-]{2}/[\w-]{22}-file\.pdf")
END = b"\r\n--x--\r\n"


def upload(house: House, person, body: bytes, *headers: bytes):
    bearer = b"authorization: Bearer " + person.access.encode()
    length = b"content-length: %d" % len(body)
    return exchange(house.http, "POST", MEDIA, [bearer, AS_FORM, *(headers or [length])], body)


def test_an_upload_from_the_first_byte_to_the_last(house, alice, anyone):
    answer = alice.http.post("/media/", files={"file": ("report.pdf", PDF)}, data={"alt": "May"})

    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert_id(shown["id"])
    loaded = anyone.get(shown["url"])
    assert loaded.content == PDF
    assert loaded.headers["content-type"] == "application/pdf"
    assert loaded.headers["content-disposition"] == "attachment"
    assert loaded.headers["x-content-type-options"] == "nosniff"

    path = f"/media/{shown['id']}/"
    assert alice.http.get(path).json() == shown
    assert alice.http.patch(path, json={"alt": "June"}).json() == {**shown, "alt": "June"}
    assert alice.http.delete(path).status_code == 204
    assert alice.http.get(path).status_code == 404
    assert anyone.get(shown["url"]).status_code == 404


# U8: two files, an empty part, 10⁴ parts, no end, no name
@pytest.mark.parametrize(
    "body",
    [
        FILE + END,
        FILE + PDF + b"\r\n" + FILE + PDF + END,
        FILE.replace(b'"file"', b'"other"') + PDF + END,
        FILE.replace(b'; filename="a.pdf"', b"") + b"text" + END,
        (FILE + b"a\r\n") * 10_000 + END,
        b'--x\r\ncontent-disposition: form-data; name="alt"\r\n\r\na\r\n' * 10_000 + END,
        FILE + b"\x00" + END,
        b"",
        b"--x--\r\n",
    ],
    ids=[
        "empty", "two", "other", "no file", "10,000 files", "10,000 fields", "no type",
        "nothing", "no part",
    ],
)  # fmt: skip
def test_refuses_a_form_without_one_file(house, resident, body):
    assert given(upload(house, resident, body), 400)


def test_refuses_a_form_without_a_boundary(house, resident):
    bearer = b"authorization: Bearer " + resident.access.encode()
    body = FILE + PDF + END
    headers = [bearer, b"content-type: multipart/form-data", b"content-length: %d" % len(body)]

    assert given(exchange(house.http, "POST", MEDIA, headers, body), 400)


# U7
@pytest.mark.parametrize(
    "name", [b"../../x.pdf", b"con", b".pdf", b"a\xe2\x80\xaefdp.exe", b'a\\".pdf', b"x" * 900]
)
def test_a_name_is_shown_and_nothing_else(house, resident, name):
    shown = given(upload(house, resident, FILE.replace(b"a.pdf", name) + PDF + END), 201)

    assert shown["name"].lower().endswith(".pdf")
    assert len(shown["name"]) <= 120
    assert not set(shown["name"]) & set('/\\"\u202e')
    assert STORED.fullmatch(urlsplit(shown["url"]).path)


@pytest.mark.parametrize("name", [b"..", b"", b"\xff\xfe", b"x" * 4000])
def test_what_is_no_name_is_refused(house, resident, name):
    assert given(upload(house, resident, FILE.replace(b"a.pdf", name) + PDF + END), 400)


# U9: one byte over the limit, a lying length, no length
def test_refuses_one_byte_over_the_limit(house, resident):
    body = FILE + PDF + bytes(25 * MIB - len(PDF) + 1) + END

    assert given(upload(house, resident, body), 413)["code"] == "file_too_large"


def test_refuses_an_announced_length_before_a_byte_of_it_came(house, resident):
    reply = upload(house, resident, b"--x", b"content-length: 30000000")

    assert given(reply, 413)["code"] == "too_large"


def test_takes_an_upload_in_chunks(house, resident):
    body = in_chunks(FILE + PDF + END)

    shown = given(upload(house, resident, body, b"transfer-encoding: chunked"), 201)

    assert shown["bytes"] == len(PDF)


# U10: many at once
def test_uploads_at_once_succeed_or_are_put_off(house, alice):
    before = temporary_names(house)
    # Both wait on disk while they are large.
    contents = [PDF + bytes(2 * MIB), jpeg((800, 600))] * 8

    def send(content: bytes) -> httpx.Response:
        return httpx.post(
            f"{house.http}{MEDIA}",
            headers={"Authorization": f"Bearer {alice.access}"},
            files={"file": content},
            timeout=60,
            trust_env=False,
        )

    with ThreadPoolExecutor(len(contents)) as pool:
        answers = list(pool.map(send, contents))

    assert {answer.status_code for answer in answers} <= {201, 429, 503}
    made = [answer.json() for answer in answers if answer.status_code == 201]
    assert {shown["kind"] for shown in made} >= {"file"}
    assert len({shown["url"] for shown in made}) == len(made)
    wait_until(lambda: open_temporary_files(house) == [], seconds=10, what="an end of spooling")
    assert temporary_names(house) - before == set()


def test_an_upload_of_somebody_else_is_absent(house, alice, resident):
    shown = alice.http.post("/media/", files={"file": ("report.pdf", PDF)}).json()
    path = f"/media/{shown['id']}/"

    answers = [resident.http.get(path), resident.http.delete(path)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert alice.http.get(path).json() == shown
    bearer = b"authorization: Bearer " + alice.access.encode()
    nothing_given(exchange(house.http, "DELETE", f"{API}{path}", [bearer]))
