"""What a client sends as what is stored: checked once, written once, indexed once."""

from __future__ import annotations

from typing import Final

from interop.apply.asked import Invalid, Key, Resource
from interop.clock import instant
from interop.errors import Problem
from interop.fhir.findings import ERROR, Finding
from interop.fhir.primitives import NO_OID
from interop.fhir.validation import check
from interop.fhir.validation.structure.shadows import CODE_DUE
from interop.formats.json import SIZE, load_json
from interop.formats.limits import VALUES
from interop.record.fold import content, render, same_content
from interop.record.indexing import indexed
from interop.store.values import Entry, Head, Put, Stored

FEED: Final = "api"
OWNER: Final = "api"
SOURCE: Final = "urn:interop:feed:"
_BORNE: Final = frozenset(("absolute", "reference", "document", "bdl-7", "pat-1", "txt-2", "sdf-4"))
"""Rules that resources of R4's own publication break, or of others who keep to its tables and not to its prose: that a system is
absolute, where a reference may lead, what spans the entries of a Bundle, that a contact or a narrative says something, that a
structure has a base."""
_SERVERS: Final = ("versionId", "lastUpdated", "_versionId", "_lastUpdated")


class Draft:
    """A resource that is to be kept under ``key``: ``held`` is its JSON up to what changes with each version; ``base`` the service
    base by which the client calls us, '' where the resource does not name it."""

    __slots__ = ("base", "held", "key", "resource", "sourced")

    def __init__(self, key: Key, resource: Resource, base: str = "") -> None:
        self.key, self.resource = key, resource
        self.sourced = _sourced(resource)
        self.held = _held(key, resource, self.sourced)
        self.base = base if base and f'"{base}/'.encode() in self.held else ""

    @property
    def whole(self) -> bytes:
        """The resource as JSON, without version and time."""
        return self.held.removesuffix(b",") + b"}}"

    def changes(self, head: Head | None) -> bool:
        """Whether the resource is to be something else than what there is."""
        return not (there(head) and head is not None and same_content(head.body, self.held))

    def put(self, version: int, entry: Entry, told: str, source: str = "") -> Put:
        """The version that a journal entry makes; ``told`` and ``source`` as in Stored."""
        (type_, id_), updated = self.key, instant(entry.received)
        if self.sourced:
            body = self.held + b'"versionId":"%d","lastUpdated":"%s"}}' % (version, updated.encode())
            meta = self.resource["meta"]
        else:
            body = render(self.held, version, updated, FEED, entry.message)
            meta = {**self.resource.get("meta", {}), "source": f"{SOURCE}{FEED}#{entry.message}"}
        stored = Stored(type_, id_, version, entry.received, body, owner=OWNER, message=entry.message, told=told, source=source)
        return Put(stored, indexed({**self.resource, "id": id_, "meta": meta}, declared=True), self.base)


def deletion(key: Key, version: int, entry: Entry, source: str = "") -> Put:
    """The version that says that a resource is gone."""
    return Put(Stored(*key, version, entry.received, b"", True, OWNER, entry.message, told="DELETE 204", source=source), [])


def there(head: Head | None) -> bool:
    """Whether there is a present version that is no deletion."""
    return head is not None and head.version > 0 and not head.deleted


def foreign(head: Head | None) -> bool:
    """Whether a feed or the engine has a say in the resource."""
    return head is not None and (bool(head.contributions) or head.owner not in ("", OWNER))


def read_resource(type: str, body: bytes, *, size: int = SIZE, values: int = VALUES) -> Resource:
    """A resource of that type; raises Problem: ``bad-parameter``, those of ``load_json`` with these limits."""
    resource = load_json(body, size=size, values=values)
    if not isinstance(resource, dict) or resource.get("resourceType") != type:
        raise Problem("bad-parameter", where="resourceType", detail="the resource is not of the type that the address names")
    return resource


def checked(resource: Resource) -> Resource:
    """The resource itself; raises Invalid where it does not keep the rules of R4, those aside that R4's own examples break."""
    errors = [finding for finding in check(resource) if finding.severity == ERROR and not _borne(finding)]
    if errors:
        raise Invalid(errors)
    return resource


def _borne(finding: Finding) -> bool:
    """Whether the resource can be kept, found and given in any form all the same; ``$validate`` tells it as an error."""
    return finding.rule in _BORNE or finding.message == CODE_DUE or finding.message.endswith(NO_OID)


def _held(key: Key, resource: Resource, sourced: bool) -> bytes:
    """The resource without version and time, which are the server's to say (FHIR R4 http, 3.1.0.7 and 3.1.0.8)."""
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in _SERVERS}
    if not sourced:
        meta.pop("source", None)
    return content(*key, {name: value for name, value in resource.items() if name != "meta"} | ({"meta": meta} if meta else {}))


def _sourced(resource: Resource) -> bool:
    """Whether the client names a source of its own; one of ours comes from an earlier version that the client has read."""
    meta = resource.get("meta", {})
    return "_source" in meta or not str(meta.get("source", SOURCE)).startswith(SOURCE)
