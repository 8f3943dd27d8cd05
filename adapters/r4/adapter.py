"""The adapter of the family ``r4``: how its bodies are told from those of other FHIR sources, split and opened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from adapters.r4.bundles import DEFINITIONS, bundled
from adapters.r4.envelope import envelope
from interop.formats.bodies import objects
from interop.formats.resources import read_resource
from interop.formats.tree import Node
from interop.ports import Envelope

_FHIR: Final = re.compile(rb'"resourceType"\s*:\s*"[A-Z]|<(?:\w+:)?[A-Z]\w+\s[^>]*http://hl7\.org/fhir["\']')
_R4: Final = re.compile(
    rb"https://fhir\.hl7\.org\.uk/StructureDefinition/(?:UKCore-|Extension-UKCore-)"
    rb"|https://fhir\.nhs\.uk/(?:England/)?StructureDefinition/(?!BARS(?:BundleMessage|MessageHeader)|eRS-)"
    rb"|/FHIR/R4[/\"']",
)
_OTHERS: Final = re.compile(
    rb'"type"\s*:\s*"(?:message|document)"|<type value="(?:message|document)"|https://fhir\.nhs\.uk/STU3/'
    rb"|/(?:StructureDefinition/(?:Extension-)?|CodeSystem/)eRS-|/referrals/FHIR/|ers-(?:service|request-id)\""
)


_DEFINES: Final = re.compile(rf'"resourceType"\s*:\s*"(?:{"|".join(DEFINITIONS)})"|<(?:{"|".join(DEFINITIONS)})\s'.encode())
_ERROR: Final = re.compile(rb'\s*(?:\{\s*"resourceType"\s*:\s*"OperationOutcome"|(?:<\?xml[^>]*>\s*)?<OperationOutcome\s)')
"""An error alone: its version is not told from its form. What a server says of a search stands within a Bundle."""


class R4:
    """One resource or Bundle is one message; the tables' paths start at the Bundle, one of its own for a single resource."""

    name = "r4"
    format = "json"
    media_types: tuple[str, ...] = ("application/fhir+json", "application/fhir+xml", "application/json", "application/xml")

    def recognises(self, head: bytes) -> bool:
        """FHIR that says it is R4, by a profile or address, and of which no other source is known to be the sender.

        What does not say it can be of any version; a feed that is declared to be of this adapter takes it.
        """
        told = all(sign.search(head) for sign in (_FHIR, _R4)) and _ERROR.match(head) is None
        return told and not any(sign.search(head) for sign in (_OTHERS, _DEFINES))

    def split(self, stream: BinaryIO) -> Iterator[bytes]:
        """The file as it is, or each line of one that holds a resource a line; raises Problem ``too-large``."""
        return objects(stream)

    def open(self, body: bytes) -> tuple[Envelope, Node]:
        """Envelope and Bundle; raises Problem."""
        bundle = bundled(read_resource(body))
        return envelope(bundle), bundle

    def envelope(self, body: bytes) -> Envelope:
        """The envelope alone; raises Problem. The whole body has to be read for it."""
        return self.open(body)[0]
