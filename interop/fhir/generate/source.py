"""HL7's own packages, as they are read for the tables."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from interop.fhir.shapes import Json

CORE = "hl7.fhir.r4.core-4.0.1.tgz"
EXPANSIONS = "hl7.fhir.r4.expansions.tgz"
SOURCE = Path(__file__).parents[4] / "shared" / "reference"


def read(package: Path) -> list[Json]:
    """Every resource of an npm package, by file name."""
    found: dict[str, Json] = {}
    with tarfile.open(package) as archive:
        for member in archive:
            if member.name.endswith(".json") and "/other/" not in member.name:
                stream = archive.extractfile(member)
                content = json.load(stream) if stream else None
                if isinstance(content, dict) and "resourceType" in content:
                    found[member.name] = content
    return [found[name] for name in sorted(found)]
