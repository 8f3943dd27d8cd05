"""References between the entries of a transaction become references to what the entries are kept as (FHIR R4 http, 3.1.0.11.2).

They stand in ``Reference.reference``, in elements of type uri, url, oid and uuid, and in ``href`` and ``src`` of narratives;
elements of type canonical are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape, unescape
from typing import Any, Final, NamedTuple

from interop.apply.asked import Key, Resource
from interop.fhir import facts

REFERENCE, URI, NARRATIVE = "reference", "uri", "narrative"
_URIS: Final = frozenset(("uri", "url", "oid", "uuid"))
_LINK: Final = re.compile(r"""(\s(?:href|src)\s*=\s*)(?:"([^"<]*)"|'([^'<]*)')""")
_RESTFUL: Final = re.compile(r"(https?://.+/)[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(?:/_history/.+)?")
_CONDITIONAL: Final = re.compile(r"([A-Z][A-Za-z]+)\?(.+)", re.DOTALL)


class Slot(NamedTuple):
    """A place in a resource that may hold a reference."""

    holder: Any
    at: str | int
    kind: str

    @property
    def value(self) -> str:
        """What stands there."""
        found: str = self.holder[self.at]
        return found


class Targets(NamedTuple):
    """What references lead to: entries by full URL, criteria by text, and the version that each resource is to have."""

    entries: Mapping[str, Key]
    criteria: Mapping[str, Key]
    version: Callable[[Key], int]


def slots(resource: Resource) -> Iterator[Slot]:
    """The places of a resource, contained resources included."""
    pending: list[tuple[Any, str]] = [(resource, str(resource.get("resourceType", "")))]
    while pending:
        holder, block = pending.pop()
        known = facts.block(block)
        for name, value in holder.items():
            kind = value.__class__
            if kind is str:
                if block == "Reference":
                    if name == "reference":
                        yield Slot(holder, name, REFERENCE)
                elif block == "Narrative":
                    if name == "div" and ("href" in value or "src" in value):
                        yield Slot(holder, name, NARRATIVE)
                elif _may_be_one(value) and (each := known.get(name)) is not None and not _URIS.isdisjoint(each.types):
                    yield Slot(holder, name, URI)
            elif kind is dict:
                pending.append((value, _inside(known, name, value)))
            elif kind is list and value:
                if value[0].__class__ is str:
                    if (each := known.get(name)) is not None and not _URIS.isdisjoint(each.types):
                        yield from (Slot(value, at, URI) for at, one in enumerate(value) if one.__class__ is str)
                else:
                    pending += [(one, _inside(known, name, one)) for one in value if one.__class__ is dict]


def _may_be_one(value: str) -> bool:
    return ":" in value or "/" in value


def _inside(known: Mapping[str, facts.Element], name: str, value: Resource) -> str:
    """The block that describes an object's members."""
    found = known.get(name)
    if found is None:
        return "Element"
    return str(value.get("resourceType", "")) if found.types == ("Resource",) else found.block


def conditional(slot: Slot) -> tuple[str, str] | None:
    """Type and criteria of a conditional reference (``Patient?identifier=x``), None where it is none."""
    found = _CONDITIONAL.fullmatch(slot.value) if slot.kind == REFERENCE and "?" in slot.value else None
    return (found[1], found[2]) if found and found[1] in facts.resource_types() else None


def base_of(full_url: str) -> str:
    """What relative references of an entry are relative to (FHIR R4 bundle.html, Resolving references); '' for nothing."""
    found = _RESTFUL.fullmatch(full_url)
    return found[1] if found else ""


def resolve(slot: Slot, base: str, targets: Targets) -> None:
    """Let a slot of an entry under ``base`` refer to what is kept."""
    if slot.kind == NARRATIVE:
        slot.holder[slot.at] = _LINK.sub(lambda found: _linked(found, base, targets), slot.value)
    else:
        resolved = _resolved(slot.value, base, targets)
        if resolved:
            slot.holder[slot.at] = resolved


def _linked(found: re.Match[str], base: str, targets: Targets) -> str:
    said = found[2] if found[2] is not None else found[3]
    resolved = _resolved(unescape(said), base, targets)
    return f'{found[1]}"{escape(resolved)}"' if resolved else found[0]


def _resolved(said: str, base: str, targets: Targets) -> str:
    """The reference in place of another, '' where it is to stay: version and fragment are kept."""
    stem, mark, fragment = said.partition("#")
    key = targets.criteria.get(said)
    if key is not None:
        return "/".join(key)
    stem, history, _ = stem.partition("/_history/")
    if not stem:
        return ""
    key = targets.entries.get(stem)
    if key is None and base and ":" not in stem:
        key = targets.entries.get(base + stem)
    if key is None:
        return ""
    version = f"{history}{targets.version(key)}" if history else ""
    return f"{'/'.join(key)}{version}{mark}{fragment}"
