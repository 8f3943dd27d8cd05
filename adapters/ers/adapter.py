from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, BinaryIO, Final

from adapters.ers.envelope import envelope
from adapters.ers.resources import message, separate
from adapters.ers.shape import shape
from interop.formats.tree import Node
from interop.ports import Envelope, Pulled, Seen

_SIGNS: Final = re.compile(
    rb"https?://fhir\.nhs\.(?:uk|net)/(?:STU3/)?(?:StructureDefinition/(?:Extension-)?|CodeSystem/)eRS-"
    rb'|"resourceType"\s*:\s*"ReferralRequest"|/Id/ers-(?:service|request-id)"|/referrals/FHIR/'
    rb"|/STU3/(?:v1/)?(?:Slot|Appointment|ReferralRequest|Communication|CommunicationRequest|Task)[/?]"
    rb"|_base[Uu]rl_/R4/(?:ServiceRequest|HealthcareService|PractitionerRole|Practitioner)[/?]"
)
_SERVICE: Final = re.compile(
    rb'(?=.*"resourceType"\s*:\s*"HealthcareService")(?=.*"id"\s*:\s*"\d+")(?!.*"Bundle")(?!.*UKCore-)'
    rb'.*"location"\s*:\s*\[\s*\{\s*"identifier"\s*:\s*\{[^{}]*"https://fhir\.nhs\.uk/Id/ods-site-code"',
    re.DOTALL,
)
"""A service of the directory that has nothing but its number, its name and where it is (A033): it has no other sign."""
_OTHERS: Final = re.compile(rb"/STU3/StructureDefinition/(?:Extension-)?(?:CareConnect-GPC|GPConnect)-|BARS|message-events?-bars")
"""What no resource of the service has: a referral within a record of a GP practice is none of its own."""


class Ers:
    """What the API of the service says and is told, in STU3 and R4; the tables' paths start at a Bundle of it.

    A Bundle of resources with versions of their own is split into these, and one that is not split is refused; any other (slots, a
    conversation, actions) is one message, named by what it holds. The Parameters of an operation's answer count as a Bundle; those
    of a request are a message of their own. An error of the service is refused.
    """

    name = "ers"
    format = "json"
    media_types: tuple[str, ...] = ("application/fhir+json", "application/json", "application/x-ndjson")

    def recognises(self, head: bytes) -> bool:
        """A JSON object with a mark of the service: a profile, extension or code system of its own, its addresses, its types."""
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if text[:1] != b"{" or _OTHERS.search(head) is not None:
            return False
        return _SIGNS.search(head) is not None or _SERVICE.match(head) is not None

    def split(self, stream: BinaryIO) -> Iterator[bytes]:
        """Each message of the file; raises Problem ``too-large``. A resource that stands alone is given as it came."""
        return separate(stream)

    def open(self, body: bytes) -> tuple[Envelope, Node]:
        """Envelope and tree; raises Problem."""
        from interop.formats.json import load_json

        only = message(load_json(body))
        tree = shape(only)
        return envelope(only, tree), tree

    def envelope(self, body: bytes) -> Envelope:
        """The envelope alone; raises Problem."""
        return self.open(body)[0]

    def pull(self, settings: Mapping[str, Any], seen: Seen) -> AsyncIterator[Pulled]:
        """Fetch what is new (``adapters.ers.client``); raises ValueError, Problem."""
        from adapters.ers.client import pull

        return pull(settings, seen)
