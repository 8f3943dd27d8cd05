"""Scopes of SMART App Launch 2.2 (3.0.2, Scopes for requesting FHIR resources), version 1 and 2 syntax."""

from __future__ import annotations

from typing import NamedTuple


class Scope(NamedTuple):
    """One scope for resources: ``context`` is patient, user or system; ``type`` a resource type or ``*``; ``actions`` of ``cruds``;
    ``criteria`` search parameters that narrow it (``category=...``)."""

    context: str
    type: str
    actions: str
    criteria: tuple[tuple[str, str], ...] = ()
