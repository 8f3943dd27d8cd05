"""Releases of SNOMED CT (RF2) and of dm+d on disk, compiled once to a file that is mapped."""

from __future__ import annotations

from interop.fhir.terminology.releases.dmd import load_dmd as load_dmd
from interop.fhir.terminology.releases.release import Release as Release
from interop.fhir.terminology.releases.rf2 import load_rf2 as load_rf2
from interop.fhir.terminology.releases.store import BadRelease as BadRelease
