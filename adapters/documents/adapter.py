from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from adapters.documents.bundles import flatten, prepare
from adapters.documents.endpoint import BASE, answer
from adapters.documents.envelope import envelope
from interop.formats.bodies import objects
from interop.formats.tree import Node
from interop.ports import Call, Envelope, Intake, Reply

_BUNDLE: Final = re.compile(rb'<(?:\w+:)?Bundle[\s>]|"resourceType"\s*:\s*"Bundle"')
_MESSAGE: Final = re.compile(rb'<(?:\w+:)?event>|"event"\s*:\s*\{')
_HEADER: Final = re.compile(rb'<(?:\w+:)?MessageHeader[\s>]|"resourceType"\s*:\s*"MessageHeader"')
_DOCUMENT: Final = re.compile(rb'<(?:\w+:)?type\s+value\s*=\s*["\']document["\']|"type"\s*:\s*"document"')
_SIGNS: Final = re.compile(
    rb"https?://fhir\.(?:nhs|hl7\.org)\.uk/STU3/|StructureDefinition/(?:CareConnect|ITK)-|https?://\S*\.yhcr\.nhs\.uk/"
)
_ITK: Final = re.compile(rb"StructureDefinition/(?:Extension-)?ITK3?-(?:Message|Document|Payload)")


class Documents:
    """One Bundle is one message: a message Bundle with the document Bundle or files that it carries, or a document alone.

    The tables' paths start at the outer Bundle; what the Bundles within hold stands in it like its own entries.
    """

    name = "documents"
    format = "json"
    base = BASE
    media_types: tuple[str, ...] = ("application/fhir+json", "application/fhir+xml", "application/json", "application/xml")

    def recognises(self, head: bytes) -> bool:
        """A Bundle of ITK3, a message as STU3 has it (R4 has no ``event`` in its header), or a document with profiles of STU3."""
        if _BUNDLE.search(head) is None:
            return False
        if _ITK.search(head) is not None or (_HEADER.search(head) is not None and _MESSAGE.search(head) is not None):
            return True
        return _DOCUMENT.search(head) is not None and _SIGNS.search(head) is not None

    def split(self, stream: BinaryIO) -> Iterator[bytes]:
        """The file as it is, or each line of one that holds a Bundle a line; raises Problem ``too-large``."""
        return objects(stream)

    def open(self, body: bytes) -> tuple[Envelope, Node]:
        """Envelope and Bundle; raises Problem."""
        from interop.formats.resources import read_resource

        bundle = read_resource(body)
        inner = flatten(bundle)
        said = envelope(bundle)
        prepare(bundle, inner)
        return said, bundle

    def envelope(self, body: bytes) -> Envelope:
        """The envelope alone; raises Problem. The whole Bundle has to be read for it."""
        from interop.formats.resources import read_resource

        bundle = read_resource(body)
        flatten(bundle)
        return envelope(bundle)

    async def answer(self, call: Call, feed: str, intake: Intake) -> Reply:
        """A message over HTTP, at ``/itk3``; what goes wrong is an ITK3 response with its code."""
        return await answer(call, feed, intake, self.name)
