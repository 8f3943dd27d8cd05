"""What spans the entries of a Bundle: identities, references between entries, documents, messages, searches (FHIR R4, Bundle)."""

from __future__ import annotations

import re

from interop.fhir import facts
from interop.fhir.findings import ERROR, Finding, Findings
from interop.fhir.validation.bundles_documents import linked
from interop.fhir.validation.bundles_references import Entry, References
from interop.fhir.validation.bundles_searches import search
from interop.fhir.validation.structure.run import Json, Run

UNNAMED = frozenset({"transaction", "transaction-response", "batch", "batch-response"})
"""Types whose entries need no fullUrl."""
_PAGED = frozenset({"searchset", "history"})
_PAGES = frozenset({"first", "prev", "previous", "next", "last"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_RESTFUL = re.compile(r"https?://.*/([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")


def spanning(bundle: Json, runs: list[Run]) -> Findings:
    """The findings of a Bundle as a whole, relative to it; ``runs`` are those of its entries' resources, as they were walked."""
    kind = str(bundle.get("type"))
    walked = {id(run.root): run for run in runs}
    given = bundle.get("entry")
    objects = given if isinstance(given, list) else []
    entries = [Entry.of(place, each, walked) for place, each in enumerate(objects) if isinstance(each, dict)]
    findings: Findings = []
    for entry in entries:
        if entry.url is not None or entry.resource is not None:
            findings += _identity(entry, kind)
    references = References(entries, kind)
    findings += references.findings()
    if kind in ("document", "message"):
        findings += linked(entries, references, kind)
    elif kind == "searchset":
        findings += search(bundle, entries)
    if "link" in bundle:
        findings += _links(bundle, kind)
    return findings


def _identity(entry: Entry, kind: str) -> Findings:
    """fullUrl is there, absolute, and that of the resource."""
    resource, url = entry.resource, entry.url
    if url is None:
        if kind in UNNAMED or (resource or {}).get("resourceType") == "OperationOutcome":
            return []
        return [Finding(ERROR, entry.path, "required", "must have a fullUrl, the identity of its resource", "document")]
    if not _SCHEME.match(url):
        return [Finding(ERROR, f"{entry.path}.fullUrl", "value", "must be absolute", "document")]
    found = _RESTFUL.fullmatch(url)
    if found is None or resource is None or found[1] not in facts.resource_types():
        return []
    if "id" not in resource:
        return [Finding(ERROR, f"{entry.path}.fullUrl", "value", "is that of a server, but the resource has no id", "document")]
    if (found[1], found[2]) != (resource.get("resourceType"), resource.get("id")):
        return [Finding(ERROR, f"{entry.path}.fullUrl", "value", "does not end with the type and id of the resource", "document")]
    return []


def _links(bundle: Json, kind: str) -> Findings:
    """A relation is given once, and pages are of searches and histories."""
    findings: Findings = []
    seen: set[str] = set()
    links = bundle["link"]
    for place, each in enumerate(links if isinstance(links, list) else ()):
        relation = each.get("relation") if isinstance(each, dict) else None
        if not isinstance(relation, str):
            continue
        if relation in ("self", *_PAGES) and relation in seen:
            findings.append(Finding(ERROR, f"link[{place}].relation", "value", "is given more than once", "document"))
        elif relation in _PAGES and kind not in _PAGED:
            findings.append(Finding(ERROR, f"link[{place}].relation", "value", f"is not of a Bundle of type {kind}", "document"))
        seen.add(relation)
    return findings
