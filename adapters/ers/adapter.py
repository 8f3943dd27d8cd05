"""The adapter of the family ``ers``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from adapters.ers.envelope import envelope
from adapters.ers.resources import entries, only, separate
from interop.formats.tree import Node
from interop.ports import Envelope

_SIGNS: Final = re.compile(
    rb"https?://fhir\.nhs\.(?:uk|net)/STU3/(?:StructureDefinition/(?:Extension-)?|CodeSystem/)eRS-"
    rb'|"resourceType"\s*:\s*"ReferralRequest"|/STU3/(?:Slot|Appointment|ReferralRequest)[/?]'
)
_OTHERS: Final = re.compile(rb"/STU3/StructureDefinition/(?:Extension-)?(?:CareConnect-GPC|GPConnect)-")
"""What no resource of the service has: a referral within a record of a GP practice is none of its own."""


class Ers:
    """One resource is one message, named by its type; the tables' paths start at the resource.

    A bundle that holds referrals or appointments is split into its resources, and one that is not split is refused; any other
    bundle (slots) is one message. What no table maps, such as lists, parameters and slots, keeps its own name.
    """

    name = "ers"
    format = "json"
    media_types: tuple[str, ...] = ("application/fhir+json", "application/json", "application/x-ndjson")

    def recognises(self, head: bytes) -> bool:
        """A JSON object with a mark of the service: a profile, extension or code system of its own, its addresses, its type."""
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        return text[:1] == b"{" and _SIGNS.search(head) is not None and _OTHERS.search(head) is None

    def split(self, stream: BinaryIO) -> Iterator[bytes]:
        """Each resource of the file; raises Problem ``too-large``. A resource that stands alone is given as it came."""
        return separate(stream)

    def open(self, body: bytes) -> tuple[Envelope, Node]:
        """Envelope and resource; raises Problem."""
        from interop.formats.json import read_json
        from interop.formats.references import split_references

        node = only(entries(read_json(body)))
        split_references(node)
        return envelope(node), node

    def envelope(self, body: bytes) -> Envelope:
        """The envelope alone; raises Problem."""
        return self.open(body)[0]
