"""The envelope of FHIR R4 from a server: type of the Bundle, its time, the identifiers of its Patients."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from adapters.r4.bundles import LONGEST, base_of, resources
from interop.formats.instants import iso_instant
from interop.formats.tree import Node
from interop.ports import Envelope, Order

NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
_NHS_SYSTEM: Final = re.compile(r"https?://fhir\.nhs\.(?:uk|net)/Id/nhs-number", re.IGNORECASE)


def envelope(bundle: Node) -> Envelope:
    """The envelope. A Bundle's content holds at its ``timestamp``, else when the Bundle or what it holds was last updated; two
    bodies are the same message where all of their content is."""
    held = list(resources(bundle))
    stamps = [bundle.text("timestamp"), bundle.text("meta/lastUpdated"), *(each.text("meta/lastUpdated") for each in held)]
    version = held[0].text("meta/versionId") or "" if len(held) == 1 else ""
    digest = bundle.digest()
    identity = bundle.text("id") or (held[0].text("@key") if len(held) == 1 else None) or digest.hex()
    base = base_of(bundle)
    return Envelope(
        family="r4",
        message=bundle.text("type") or "",
        control_id=identity,
        order=Order(
            max(iso_instant(stamp or "") or 0 for stamp in stamps),
            int(version) if version.isascii() and version.isdigit() and len(version) <= LONGEST else 0,
            digest.hex(),
        ),
        keys=tuple(dict.fromkeys(_keys(held))),
        duplicate=f"{identity}|{digest.hex()}",
        digest=digest,
        sender=base,
        organisation=base,
        version=version,
    )


def _keys(held: list[Node]) -> Iterator[str]:
    """NHS numbers and keys of the Patients that it holds or points to."""
    for resource in held:
        if resource.text("resourceType") == "Patient":
            if key := resource.text("@key"):
                yield key
            for identifier in resource.kids.get("identifier", ()):
                if _NHS_SYSTEM.fullmatch(identifier.text("system") or ""):
                    digits = (identifier.text("value") or "").replace(" ", "").replace("-", "")
                    if len(digits) == 10 and digits.isascii() and digits.isdigit():
                        yield f"{NHS_NUMBER}|{digits}"
        for name in ("subject", "patient", "for", "beneficiary"):
            reference = resource.find(f"{name}/reference")
            if reference is not None and reference.text("@type") == "Patient" and (key := reference.text("@key")):
                yield key
