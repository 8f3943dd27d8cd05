"""Snapshots from differentials (FHIR R4, Profiling: the merge of a differential with the snapshot of its base)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interop.fhir.definitions.package import Json
from interop.fhir.definitions.unusable import Unusable

if TYPE_CHECKING:
    from interop.fhir.definitions.definitions import Definitions


def generated(definitions: Definitions, structure: Json) -> list[Json]:
    """The elements of a structure that has a differential only. Raises Unusable."""
    raise Unusable(f"{structure.get('url')}: has no snapshot")
