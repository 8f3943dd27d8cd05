"""The adapter of the family ``openhr``."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from typing import BinaryIO, Final

from adapters.openhr.envelope import envelope
from interop.formats.bodies import whole
from interop.formats.tree import Node
from interop.ports import Envelope

_ROOT: Final = re.compile(rb"<(?:[\w.-]+:)?openHealthRecord[\s/>]")


class OpenHr:
    """A file is one message; the tables' paths start at ``openHealthRecord``."""

    name = "openhr"
    format = "xml"
    media_types: tuple[str, ...] = ("application/xml", "text/xml")

    def recognises(self, head: bytes) -> bool:
        """The root element ``openHealthRecord``, whatever its prefix, in UTF-16 too."""
        if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            head = head.decode("utf-16", "ignore").encode()
        return _ROOT.search(head) is not None

    def split(self, stream: BinaryIO) -> Iterator[bytes]:
        """The file; raises Problem ``too-large``."""
        yield whole(stream)

    def open(self, body: bytes) -> tuple[Envelope, Node]:
        """Envelope and root; raises Problem."""
        from interop.formats.xml import read_xml

        root = read_xml(body)
        return envelope(body, root), root

    def envelope(self, body: bytes) -> Envelope:
        """The envelope alone; raises Problem. The whole document has to be read for it."""
        return self.open(body)[0]
