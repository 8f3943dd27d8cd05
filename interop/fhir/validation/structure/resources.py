"""Resources within what is checked: one that stands for itself, and those that it contains (FHIR R4 references, 2.3.0.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interop.fhir import facts
from interop.fhir.findings import ERROR, Finding, Findings
from interop.fhir.validation.bundles import spanning
from interop.fhir.validation.structure.joining import join
from interop.fhir.validation.structure.run import Json, Rule, Run

DOM_2 = "dom-2: If the resource is contained in another resource, it SHALL NOT contain nested Resources"
DOM_3 = (
    "dom-3: If the resource is contained in another resource, it SHALL be referred to from elsewhere in the resource or SHALL"
    " refer to the containing resource"
)


DOM_4 = "dom-4: If a resource is contained in another resource, it SHALL NOT have a meta.versionId or a meta.lastUpdated"
DOM_5 = "dom-5: If a resource is contained in another resource, it SHALL NOT have a security label"


def resource_rules(block: Callable[[str], Rule]) -> tuple[Rule, Rule]:
    """The rule of a resource with a scope of its own (the root, an entry of a Bundle, a parameter), and that of a contained one."""

    def standalone(value: Any, run: Run) -> Findings | None:
        kind = kind_of(value)
        if not kind:
            return _no_resource(value)
        own = Run(value, run.purse)
        if run.entries is not None:
            own.links = []
            own.urls = [] if run.root.get("type") in ("document", "message") else None
            run.entries.append(own)
        inner = value.get("contained")
        if inner:
            own.contained = _ids(inner)
        if kind == "Bundle":
            own.entries = []
        findings = block(kind)(value, own)
        if inner:
            findings = (findings or []) + _unused(inner, own)
        if kind == "Bundle":
            findings = (findings or []) + spanning(value, own.entries or [])
        return findings or None

    def contained(value: Any, run: Run) -> Findings | None:
        kind = kind_of(value)
        if not kind:
            return _no_resource(value)
        outer, run.resource = run.resource, value
        run.inside += 1
        findings = block(kind)(value, run) or []
        run.resource = outer
        if "id" not in value:
            findings = [*findings, Finding(ERROR, "id", "required", "is mandatory in a contained resource", "dom-3")]
        return [*findings, *_container_only(value)] or None

    return standalone, contained


def _container_only(value: Json) -> Findings:
    """What a contained resource lacks: resources of its own, and the metadata that its container has (dom-2, dom-4, dom-5)."""
    findings = [Finding(ERROR, "contained", "invariant", DOM_2, "dom-2")] if "contained" in value else []
    meta = value.get("meta")
    if isinstance(meta, dict):
        if any(name in meta for name in ("versionId", "lastUpdated", "_versionId", "_lastUpdated")):
            findings.append(Finding(ERROR, "meta", "invariant", DOM_4, "dom-4"))
        if "security" in meta:
            findings.append(Finding(ERROR, "meta", "invariant", DOM_5, "dom-5"))
    return findings


def kind_of(value: Any) -> str:
    """The type of a resource of R4, '' for anything else."""
    kind = value.get("resourceType") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) and kind in facts.resource_types() else ""


def _no_resource(value: Any) -> Findings:
    said = "has no resourceType of R4" if isinstance(value, dict) else "must be a resource"
    return [Finding(ERROR, "", "structure", said)]


def _ids(inner: Any) -> dict[str, str]:
    return {
        str(each["id"]): kind_of(each)
        for each in (inner if isinstance(inner, list) else ())
        if isinstance(each, dict) and "id" in each
    }


def _unused(inner: Any, run: Run) -> Findings:
    """dom-3, and ids that are given twice."""
    findings: Findings = []
    seen: set[str] = set()
    for place, each in enumerate(inner if isinstance(inner, list) else ()):
        id_ = each.get("id") if isinstance(each, dict) else None
        if not isinstance(id_, str):
            continue
        if id_ in seen:
            found = Finding(ERROR, f"contained[{place}].id", "duplicate", "is the id of another contained resource")
            findings = join(findings, [found], "")
        seen.add(id_)
        if id_ not in run.fragments and place not in run.back:
            findings = join(findings, [Finding(ERROR, f"contained[{place}]", "invariant", DOM_3, "dom-3")], "")
    return findings
