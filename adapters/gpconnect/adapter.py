from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from adapters.gpconnect.bodies import bundle, separate
from adapters.gpconnect.envelope import envelope
from interop.formats.tree import Node
from interop.ports import Envelope

_SIGNS: Final = re.compile(
    rb'"https?://fhir\.(?:nhs|hl7\.org)\.uk/(?:STU3/)?StructureDefinition/(?:Extension-)?(?:CareConnect-GPC|GPConnect)-'
)

_MESSAGE: Final = re.compile(rb"/StructureDefinition/(?:Extension-)?ITK-Message")
"""A message that carries documents: its own family."""


class GpConnect:
    """A Bundle is one message, and so is a resource that stands alone: it is read as a Bundle of one.

    A searchset of appointments is split: each is a message of its own, the same as when it is read alone.
    """

    name = "gpconnect"
    format = "json"
    media_types: tuple[str, ...] = ("application/fhir+json", "application/json", "application/x-ndjson")

    def recognises(self, head: bytes) -> bool:
        """A JSON object with a profile or extension of GP Connect, unless it is a message of ITK3."""
        if _MESSAGE.search(head) is not None:
            return False
        return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" and _SIGNS.search(head) is not None

    def split(self, stream: BinaryIO) -> Iterator[bytes]:
        """Each message of the file; raises Problem ``too-large``. What cannot be read is given as it came, to be refused."""
        return separate(stream)

    def open(self, body: bytes) -> tuple[Envelope, Node]:
        """Envelope and Bundle; raises Problem."""
        from interop.formats.json import load_json

        root = bundle(load_json(body))
        return envelope(root), root

    def envelope(self, body: bytes) -> Envelope:
        """The envelope alone; raises Problem."""
        return self.open(body)[0]
