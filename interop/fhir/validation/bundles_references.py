"""References between the entries of a Bundle, by its rules of resolution (FHIR R4, Bundle, section 2.36.4.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from interop.fhir.findings import ERROR, WARNING, Finding, Findings
from interop.fhir.validation.structure.joining import join
from interop.fhir.validation.structure.run import Json, Run

_ANSWERS = frozenset({"transaction", "transaction-response", "batch", "batch-response"})


@dataclass(slots=True)
class Entry:
    """An entry: ``url`` is its fullUrl or None, ``base`` what a relative reference of it stands on, ``version`` of its resource.

    ``links`` are the References of its resource, ``urls`` the other addresses in it, ``inner`` its path to the resource.
    """

    place: int
    url: str | None
    resource: Json | None
    mode: str
    links: list[Json]
    urls: list[str]
    base: str = ""
    targets: list[Entry] = field(default_factory=list)

    @staticmethod
    def of(place: int, entry: Json, runs: dict[int, Run]) -> Entry:
        """The entry at a place of a Bundle."""
        url, resource, search = entry.get("fullUrl"), entry.get("resource"), entry.get("search")
        run = runs.get(id(resource))
        mode = search.get("mode") if isinstance(search, dict) else ""
        made = Entry(
            place,
            url if isinstance(url, str) and url else None,
            resource if isinstance(resource, dict) else None,
            mode if isinstance(mode, str) else "",
            (run.links or []) if run else [],
            (run.urls or []) if run else [],
        )
        if made.url:
            made.base = "" if made.url.startswith("urn:") else _base(made.url)
        return made

    @property
    def path(self) -> str:
        """Its expression from the Bundle."""
        return f"entry[{self.place}]"

    @property
    def named(self) -> tuple[Any, Any]:
        """Type and id of the resource."""
        resource = self.resource or {}
        return resource.get("resourceType"), resource.get("id")


def _base(url: str) -> str:
    return url.partition("/_history/")[0].rpartition("/")[0].rpartition("/")[0] + "/"


class References:
    """The entries of a Bundle by their addresses."""

    def __init__(self, entries: list[Entry], kind: str) -> None:
        self._entries = entries
        self._kind = kind
        self._by_url: dict[str, list[Entry]] = {}
        for each in entries:
            if each.url is not None:
                self._by_url.setdefault(each.url.partition("/_history/")[0], []).append(each)
        self._by_name: dict[tuple[Any, Any], list[Entry]] | None = None

    def resolve(self, literal: str, entry: Entry) -> list[Entry] | None:
        """The entries that a literal of ``entry`` leads to; None for one that cannot be read as an address in the Bundle."""
        plain, _, version = literal.partition("#")[0].partition("/_history/")
        if ":" in plain:
            target = plain
        elif entry.url is None or plain.count("/") != 1:
            return None
        else:
            target = entry.base + plain  # what stands in no place has no relatives: urn:uuid has no base
        found = self._by_url.get(target, [])
        if version and len(found) > 1:
            return [each for each in found if _version(each) == version]
        return found

    def named(self, literal: str) -> list[Entry]:
        """The entries whose resource has the type and id of a relative literal, whatever their fullUrl."""
        if self._by_name is None:
            self._by_name = {}
            for each in self._entries:
                if isinstance(each.named[0], str) and isinstance(each.named[1], str):
                    self._by_name.setdefault(each.named, []).append(each)
        kind, _, id_ = literal.partition("/_history/")[0].partition("/")
        return self._by_name.get((kind, id_), [])

    def _mistaken(self, literal: str) -> bool:
        """Whether ``type/id`` has the UUID of an entry, which is the identity of one resource, but another type."""
        kind, _, id_ = literal.partition("/_history/")[0].partition("/")
        types = {each.named[0] for each in self._by_url.get(f"urn:uuid:{id_}", []) if isinstance(each.named[0], str)}
        return bool(types) and kind not in types

    def findings(self) -> Findings:
        """What is wrong with the references of all entries; notes on each entry where they lead."""
        findings: Findings = []
        for entry in self._entries:
            places: dict[int, str] = {}
            for link in entry.links:
                literal = str(link["reference"])
                if literal[0] == "#":
                    continue
                found = self.resolve(literal, entry)
                near = found or ([] if found is None or ":" in literal else self.named(literal))
                entry.targets += near[:1]
                if found is None or len(found) != 1:
                    said = self._odd(literal, entry, found)
                    if said is not None:
                        places = places or _places(entry.resource)
                        path = f"{entry.path}.resource{places.get(id(link), '')}"
                        findings = join(findings, [said._replace(expression=path)], "")
            for url in entry.urls:
                entry.targets += (self.resolve(url, entry) or [])[:1]
        return findings

    def _odd(self, literal: str, entry: Entry, found: list[Entry] | None) -> Finding | None:
        if found is None:
            if self._kind in _ANSWERS and (entry.url is None or "?" in literal):
                return None
            if entry.url is None:
                return Finding(ERROR, "", "required", "is relative, but its entry has no fullUrl", "reference")
            return Finding(ERROR, "", "invalid", "must be of the form type/id where it is relative", "reference")
        if len(found) > 1:
            same = self._kind in ("history", *_ANSWERS)
            return None if same else Finding(ERROR, "", "invalid", "leads to several entries", "reference")
        if ":" not in literal and self._mistaken(literal):
            return Finding(ERROR, "", "invalid", "names another type than the entry of that UUID has", "reference")
        if literal.startswith("urn:"):
            return Finding(WARNING, "", "not-found", "leads to no entry of the Bundle", "reference")
        if ":" not in literal and self.named(literal):
            said = "leads to no entry by the fullUrls, though an entry has that type and id"
            return Finding(WARNING, "", "not-found", said, "reference")
        return None


def _version(entry: Entry) -> Any:
    meta = (entry.resource or {}).get("meta")
    return meta.get("versionId") if isinstance(meta, dict) else None


def _places(value: Any) -> dict[int, str]:
    """The path to every object within another by its identity: ``.subject``, ``.entry[2].item``."""
    found: dict[int, str] = {}
    pending: list[tuple[str, Any]] = [("", value)]
    while pending:
        path, each = pending.pop()
        if isinstance(each, dict):
            found[id(each)] = path
            pending.extend((f"{path}.{name}", one) for name, one in each.items() if isinstance(one, (dict, list)))
        elif isinstance(each, list):
            pending.extend((f"{path}[{place}]", one) for place, one in enumerate(each))
    return found
