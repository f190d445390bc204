"""Files for tests: one of every type that is taken, and others that are not."""

import struct
import wave
import zipfile
from io import BytesIO

from snappio.media import filetypes
from snappio.media.tests.images import jpeg, png

CONTENT_TYPES_XML = "[Content_Types].xml"


def archive(*names, first=None):
    """A ZIP with these members; ``first`` is what an open document says it is."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        if first is not None:
            opened.writestr("mimetype", first, zipfile.ZIP_STORED)
        for name in names:
            opened.writestr(name, "something")
    return buffer.getvalue()


def office(part):
    """What Word and its like write, of which the parts are in a folder."""
    return archive(CONTENT_TYPES_XML, "_rels/.rels", f"{part}/document.xml")


def wav():
    buffer = BytesIO()
    with wave.open(buffer, "wb") as opened:
        opened.setnchannels(1)
        opened.setsampwidth(2)
        opened.setframerate(8000)
        opened.writeframes(bytes(1600))
    return buffer.getvalue()


def mp3_frames(count=3):
    """Silent frames: MPEG 1, layer III, 128 kbit/s, 44,100 Hz, 417 bytes each."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * count


def mp3_with_tag():
    return b"ID3\x03\x00\x00\x00\x00\x00\x0a" + bytes(10) + mp3_frames()


def ogg(codec=b"OpusHead"):
    """The first page, with one segment."""
    payload = codec + bytes(20)
    return b"OggS\x00\x02" + bytes(20) + b"\x01" + bytes([len(payload)]) + payload


def iso_media(brand):
    """The container of MP4, M4A and HEIC: the box that says which, and an empty one."""
    kind = b"ftyp" + brand + bytes(4) + b"isom"
    return struct.pack(">I", len(kind) + 4) + kind + struct.pack(">I", 8) + b"mdat"


def ebml(dialect):
    """WebM and Matroska differ in a word; the four elements before it say versions and lengths."""
    header = (
        b"\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08"
        b"\x42\x82" + bytes([0x80 | len(dialect)]) + dialect
    )
    return b"\x1a\x45\xdf\xa3" + bytes([0x80 | len(header)]) + header + bytes(64)


PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"

# (type, content), every type at least once.
TAKEN = [
    (filetypes.PDF, PDF),
    (filetypes.TEXT, b"Bread, milk\r\n\tand jam\n"),
    (filetypes.TEXT, "\ufeffСахар, 糖 🍯".encode()),
    (filetypes.TEXT, b"<3 I love you"),
    (filetypes.ZIP, archive("a.txt", "b/c.txt")),
    (filetypes.ZIP, archive("META-INF/container.xml", first="application/epub+zip")),
    (filetypes.ZIP, archive(CONTENT_TYPES_XML, "word/document.xml", "word/vbaProject.bin")),
    (filetypes.ZIP, archive("word/document.xml")),
    (filetypes.MP3, mp3_frames()),
    (filetypes.MP3, mp3_with_tag()),
    (filetypes.OGG, ogg()),
    (filetypes.OGG, ogg(b"\x01vorbis")),
    (filetypes.WAV, wav()),
    (filetypes.M4A, iso_media(b"M4A ")),
    (filetypes.MP4, iso_media(b"isom")),
    (filetypes.MP4, iso_media(b"mp42")),
    (filetypes.WEBM, ebml(b"webm")),
    (filetypes.DOCX, office("word")),
    (filetypes.XLSX, office("xl")),
    (filetypes.PPTX, office("ppt")),
    *(
        (kind, archive("content.xml", first=kind.content_type))
        for kind in (filetypes.ODT, filetypes.ODS, filetypes.ODP)
    ),
]

# Neither images nor of a type that is taken.
REFUSED = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"\n  <!DOCTYPE html><html><body>hi</body></html>",
    "html after a mark": "\ufeff<html>".encode(),
    "a tag in the middle of nowhere": b"\t<script>alert(1)</script>",
    "xml": b'<?xml version="1.0"?><a/>',
    "php": b"<?php system($_GET[0]);",
    "shell": b"#!/bin/sh\nrm -rf /\n",
    "postscript": b"%!PS-Adobe-3.0\n",
    "elf": b"\x7fELF\x02\x01\x01" + bytes(200),
    "exe": b"MZ\x90\x00\x03" + bytes(200),
    "class": b"\xca\xfe\xba\xbe\x00\x00\x00\x34",
    "tiff": b"II*\x00\x08\x00\x00\x00",
    "bmp": b"BM\x46\x00\x00\x00\x00\x00",
    "psd": b"8BPS\x00\x01" + bytes(20),
    "rar": b"Rar!\x1a\x07\x01\x00",
    "gzip": b"\x1f\x8b\x08\x00" + bytes(20),
    "quicktime": iso_media(b"qt  "),
    "avi": b"RIFF\x24\x00\x00\x00AVI LIST",
    "matroska": ebml(b"matroska"),
    "ogg of an unknown codec": ogg(b"\x80theora"),
    "one frame of mp3": mp3_frames(1),
    "utf-16": "Bread, milk".encode("utf-16"),
    "latin-1": "Brötchen".encode("latin-1"),
    "nul": b"Bread\x00milk",
    "escape": b"Bread \x1b[31mmilk",
    "a control character of two bytes": "Bread \x9b31m milk".encode(),
    "a cut character at the end": "Brö".encode()[:-1],
    "a surrogate": b"Bread \xed\xa0\x80",
    "pdf of another time": b"%PDF-9.9\n\x00",
    "pdf after a page": b"<html>%PDF-1.7\x00",
    "a zip without its end": archive("a.txt")[:-22],
    "a zip after a program": b"MZ\x90\x00" + archive("a.txt"),
    "damaged webp": b"RIFF\x24\x00\x00\x00WEBX" + bytes(20),
}

# Two things at once; what it begins with decides.
POLYGLOTS = [
    (filetypes.PDF, PDF + b"<script>alert(1)</script>"),
    (filetypes.PDF, PDF + jpeg()),
    (filetypes.PDF, PDF + archive("a.txt")),
    (filetypes.ZIP, b"PK\x03\x04<script>alert(1)</script>" + archive("a.txt")),
    (filetypes.MP3, b"ID3\x03\x00\x00\x00\x00\x00\x0a<script>alert(1)</script>"),
    (filetypes.WAV, wav() + b"<?php system($_GET[0]);"),
]
IMAGES_OF_TWO_KINDS = {
    "gifar": jpeg() + archive("META-INF/MANIFEST.MF"),
    "page": png(8, 8) + b"<script>alert(1)</script>",
}
