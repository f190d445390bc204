"""What a file is taken for (U2 to U4), whatever it is called."""

from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from snappio.core.limits import MIB
from snappio.media import filetypes
from snappio.media.sniffing import CHUNK_BYTES, HEAD_BYTES, is_image, type_of
from snappio.media.tests.images import HEIC, encoded, halves
from snappio.media.tests.samples import (
    IMAGES_OF_TWO_KINDS,
    POLYGLOTS,
    REFUSED,
    TAKEN,
    archive,
    office,
)

pytestmark = pytest.mark.once


class Counted(BytesIO):
    """Counts what is read of it."""

    read_bytes = 0

    def read(self, size=-1):
        content = super().read(size)
        self.read_bytes += len(content)
        return content


def by_extension(value):
    return value.extension if isinstance(value, filetypes.FileType) else ""


def found(content):
    return type_of(BytesIO(content))


@pytest.mark.parametrize(("kind", "content"), TAKEN, ids=by_extension)
def test_finds_every_type_that_is_taken(kind, content):
    assert found(content) == kind
    assert not is_image(BytesIO(content))


def test_has_a_sample_of_every_type():
    assert {kind for kind, _ in TAKEN} == set(filetypes.ALL)


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_finds_nothing_in_what_is_not_taken(content):
    assert found(content) is None
    assert not is_image(BytesIO(content))


@pytest.mark.parametrize(("kind", "content"), POLYGLOTS, ids=by_extension)
def test_takes_what_is_two_things_for_what_it_begins_with(kind, content):
    assert found(content) == kind


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_knows_the_images_that_the_decoder_takes(kind):
    assert is_image(BytesIO(encoded(halves(), kind)))


def test_knows_heic():
    assert is_image(BytesIO(HEIC))


@pytest.mark.parametrize("content", IMAGES_OF_TWO_KINDS.values(), ids=IMAGES_OF_TWO_KINDS)
def test_leaves_an_image_with_a_tail_to_the_decoder(content):
    assert is_image(BytesIO(content))


def test_reads_a_text_to_its_end():
    text = "ä".encode() * CHUNK_BYTES + b"x"

    assert found(text) == filetypes.TEXT
    assert found(text + b"\x00") is None
    # A character that two chunks share, then half of one.
    assert found(b"x" + text) == filetypes.TEXT
    assert found(text[:-2]) is None


def test_looks_only_at_the_beginning_of_what_is_marked():
    file = Counted(b"%PDF-1.7\n" + bytes(10 * MIB))

    assert type_of(file) == filetypes.PDF
    assert file.read_bytes <= HEAD_BYTES


def test_looks_at_a_bounded_list_of_members():
    many = archive(*(f"{number:05}/{'x' * 200}" for number in range(8000)), "word/document.xml")
    file = Counted(many)

    assert type_of(file) == filetypes.ZIP
    assert file.read_bytes < 1.2 * MIB


@pytest.mark.parametrize("cut", range(1, 100))
def test_survives_a_damaged_list_of_members(cut):
    content = office("word")
    end = content.rindex(b"PK\x05\x06")
    directory = content.index(b"PK\x01\x02")

    shortened = content[: directory + cut] + content[end:]

    assert found(shortened) in {filetypes.ZIP, filetypes.DOCX}


@given(st.binary(max_size=300))
@example(b"PK\x03\x04" + b"PK\x05\x06" + b"\xff" * 18)
@example(b"PK\x03\x04" + b"PK\x05\x06")
@example(b"\xff\xfb\xf0\x00")
@example(b"")
def test_answers_whatever_the_bytes(content):
    kind = found(content)

    assert kind is None or kind in filetypes.ALL


@given(st.sampled_from([content for _, content in TAKEN]), st.binary(max_size=64), st.data())
def test_answers_whatever_is_damaged(content, noise, data):
    at = data.draw(st.integers(0, len(content)))

    kind = found(content[:at] + noise + content[at + len(noise) :])

    assert kind is None or kind in filetypes.ALL


# U7
@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("REPORT.PDF", "REPORT.PDF"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\alice\\report.pdf", "report.pdf"),
        ("invoice.exe", "invoice.exe.pdf"),
        ("report", "report.pdf"),
        ("", "file.pdf"),
        (".", "file.pdf"),
        ("..", "file.pdf"),
        (".pdf", "pdf.pdf"),
        (".htaccess", "htaccess.pdf"),
        ("a\x00b\r\nc\x7f.pdf", "abc.pdf"),
        ("photo\u202egpj.pdf", "photogpj.pdf"),
        ("  two   words . pdf", "two words . pdf.pdf"),
        ('"><img src=x>.pdf', "img src=x.pdf"),
        ("x" * 4000 + ".pdf", "x" * 116 + ".pdf"),
        ("x" * 4000, "x" * 116 + ".pdf"),
        ("Отчёт за май.pdf", "Отчёт за май.pdf"),
        ("é.pdf", "é.pdf"),
    ],
)
def test_cleans_names(given_name, shown):
    assert filetypes.display_name(given_name, filetypes.PDF) == shown


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [("notes.md", "notes.md"), ("run.bat", "run.bat.txt"), ("page.html", "page.html.txt")],
)
def test_a_text_ends_as_a_text_may_end(given_name, shown):
    assert filetypes.display_name(given_name, filetypes.TEXT) == shown


@given(
    st.text('aB1. \xa0/\\:"<\u202e\u200d\x00\r\nü🍯', max_size=300), st.sampled_from(filetypes.ALL)
)
def test_gives_every_file_a_harmless_name(name, kind):
    shown = filetypes.display_name(name, kind)

    assert 0 < len(shown) <= filetypes.NAME_LENGTH
    assert not set(shown) & set('/\\\x00\r\n"<>:|?*')
    assert shown == shown.strip(" .")
    assert kind.may_end(shown.rpartition(".")[2].lower())
