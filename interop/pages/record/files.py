"""What is attached to a letter or a report: words that are shown, or a file that is fetched. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from interop.fhir.shapes import Json, text
from interop.pages.record.narratives import Block, blocks, lines
from interop.screen.words import day

SHOWN: Final = 200_000
"""Characters that are shown within a page."""
KINDS: Final = {
    "application/pdf": "PDF", "text/plain": "text", "text/html": "web page", "application/xhtml+xml": "web page", "text/rtf": "RTF",
    "application/rtf": "RTF", "image/jpeg": "picture (JPEG)", "image/png": "picture (PNG)", "image/tiff": "picture (TIFF)",
    "application/msword": "Word document",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word document",
}  # fmt: skip
ENDINGS: Final = {
    "application/pdf": "pdf", "text/plain": "txt", "text/html": "html", "application/xhtml+xml": "html", "text/rtf": "rtf",
    "application/rtf": "rtf", "image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif", "application/msword": "doc",
}  # fmt: skip
_MEDIA: Final = re.compile(r"[\w!#$&^.+\-]{1,127}/[\w!#$&^.+\-]{1,127}", re.ASCII)
_BINARY: Final = re.compile(r"(?:.*/)?Binary/([A-Za-z0-9\-.]{1,64})(?:/_history/.*)?", re.ASCII)
MARKED_UP: Final = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class File:
    """``number`` is its place among the attachments. ``blocks`` are its words where they are shown. ``binary`` is the id of the
    Binary that holds it, ``held``: its bytes are within the resource; neither: its source keeps it, at ``elsewhere``."""

    number: int
    title: str
    kind: str
    size: str
    created: str
    blocks: tuple[Block, ...]
    binary: str
    held: bool
    elsewhere: str


def file(attachment: Json, number: int, *, read: bool = True) -> File:
    """An Attachment as it is shown; with its words where it is to be ``read``."""
    media = media_type(attachment)
    content = data(attachment)
    url = text(attachment, "url")
    binary = _BINARY.fullmatch(url)
    said = attachment.get("size")
    size = len(content) if content is not None else said if isinstance(said, int) else 0
    return File(
        number,
        text(attachment, "title") or KINDS.get(media, "") or "Document",
        KINDS.get(media, media),
        _size(size),
        day(text(attachment, "creation")) if text(attachment, "creation") else "",
        tuple(_shown(media, content)) if read and content is not None else (),
        binary[1] if binary is not None and content is None else "",
        content is not None,
        url if binary is None and content is None else "",
    )


def media_type(attachment: Json) -> str:
    """The media type without parameters, that of unknown bytes where it is none."""
    media = text(attachment, "contentType").partition(";")[0].strip().casefold()
    return media if _MEDIA.fullmatch(media) else "application/octet-stream"


def data(attachment: Json) -> bytes | None:
    """The bytes that stand within it, None for none."""
    said = text(attachment, "data")
    if not said:
        return None
    try:
        return base64.b64decode(said)
    except (binascii.Error, ValueError):
        return None


def named(attachment: Json, number: int) -> str:
    """A name for the file of ours alone: what a sender calls it may name the person."""
    ending = ENDINGS.get(media_type(attachment), "bin")
    return f"document-{number + 1}.{ending}"


def _shown(media: str, content: bytes) -> list[Block]:
    if media not in ("text/plain", *MARKED_UP) or len(content) > SHOWN:
        return []
    try:
        words = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        words = content.decode("cp1252", "replace")
    return blocks(words) if media in MARKED_UP else lines(words)


def _size(size: int) -> str:
    return (
        "" if size <= 0 else f"{size} bytes" if size < 1000 else f"{size / 1000:.0f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB"
    )
