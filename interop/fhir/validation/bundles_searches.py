"""Bundles of search results (FHIR R4 search, section 3.1.1.1; Bundle, section 2.36.2)."""

from __future__ import annotations

import re

from interop.fhir import facts
from interop.fhir.findings import ERROR, WARNING, Finding, Findings
from interop.fhir.validation.bundles_references import Entry
from interop.fhir.validation.structure.run import Json

_TYPES = re.compile(r"[?&]_type=([A-Za-z,]+)")


def search(bundle: Json, entries: list[Entry]) -> Findings:
    """The findings of a Bundle of type ``searchset``."""
    findings: Findings = []
    links = bundle.get("link")
    own = next(
        (each.get("url") for each in links if isinstance(each, dict) and each.get("relation") == "self")
        if isinstance(links, list)
        else iter(()),
        None,
    )
    if not isinstance(own, str):
        findings.append(Finding(WARNING, "", "required", "should have a self link that says what was searched", "document"))
    if entries and not any(each.mode for each in entries):
        findings.append(Finding(WARNING, "", "required", "should say of its entries why they are there", "document"))
    types = searched(own) if isinstance(own, str) else frozenset()
    for each in entries:
        findings += _entry(each, types)
    return findings


def searched(url: str) -> frozenset[str]:
    """The types that the address of a search asks for; empty where it does not tell."""
    found = _TYPES.search(url)
    names = found[1].split(",") if found else [url.partition("?")[0].rpartition("/")[2]]
    return frozenset(name for name in names if name in facts.resource_types())


def _entry(entry: Entry, types: frozenset[str]) -> Findings:
    resource = entry.resource
    if resource is None:
        return []
    kind = resource.get("resourceType")
    path = f"{entry.path}.resource"
    if entry.mode == "outcome":
        wrong = kind != "OperationOutcome"
        return [Finding(ERROR, path, "value", "must be an OperationOutcome, as its mode says", "document")] if wrong else []
    if kind == "OperationOutcome" and not entry.mode:
        return []
    findings: Findings = []
    if "id" not in resource:
        findings.append(Finding(ERROR, path, "required", "must have an id, as a result of a search", "document"))
    if types and kind not in types and entry.mode != "include":
        said = "is not of the type that was searched"
        findings.append(Finding(ERROR if entry.mode else WARNING, path, "value", said, "document"))
    return findings
