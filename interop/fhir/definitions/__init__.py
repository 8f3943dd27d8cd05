"""Conformance resources: base R4 from the shipped tables, packages from disk, snapshots from differentials."""

from __future__ import annotations

from interop.fhir.definitions.definitions import Definitions as Definitions
from interop.fhir.definitions.unusable import TooLarge as TooLarge
from interop.fhir.definitions.unusable import Unusable as Unusable
