from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from adapters.bars.endpoint import answer
from adapters.bars.envelope import envelope, prepare
from interop.formats.bodies import objects
from interop.formats.tree import Node
from interop.ports import Call, Envelope, Intake, Reply

_BUNDLE: Final = re.compile(rb'<(?:\w+:)?Bundle[\s>]|"resourceType"\s*:\s*"Bundle"')
_SIGNS: Final = re.compile(
    rb"https?://fhir\.nhs\.uk/(?:StructureDefinition/BARS(?:BundleMessage|MessageHeader)|MessageDefinition/bars-message"
    rb"|CodeSystem/message-events?-(?:bars|servicerequest))",
    re.IGNORECASE,
)


class Bars:
    """One Bundle of type message is one message; the tables' paths start at the Bundle, whichever notation it came in.

    Answers at ``/bars`` as a receiver does: ``POST $process-message`` and ``GET metadata`` (BaRS Core, Standard Pattern).
    """

    name = "bars"
    format = "json"
    media_types: tuple[str, ...] = ("application/fhir+json", "application/fhir+xml", "application/json", "application/xml")
    base = "/bars"

    def recognises(self, head: bytes) -> bool:
        """A Bundle with a profile, event or message definition of the standard."""
        return _BUNDLE.search(head) is not None and _SIGNS.search(head) is not None

    def split(self, stream: BinaryIO) -> Iterator[bytes]:
        """The file as it is, or each line of one that holds a Bundle a line; raises Problem ``too-large``."""
        return objects(stream)

    def open(self, body: bytes) -> tuple[Envelope, Node]:
        """Envelope and Bundle; raises Problem."""
        from interop.formats.resources import read_resource

        bundle = read_resource(body)
        said = envelope(bundle)
        prepare(bundle)
        return said, bundle

    def envelope(self, body: bytes) -> Envelope:
        """The envelope alone; raises Problem. The whole Bundle has to be read for it."""
        from interop.formats.resources import read_resource

        return envelope(read_resource(body))

    async def answer(self, call: Call, feed: str, intake: Intake) -> Reply:
        """Answer a request of the standard's API; a fault is an OperationOutcome with the standard's error code."""
        return await answer(call, feed, intake, self.name)
