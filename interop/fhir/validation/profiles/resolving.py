"""Resolving references within a Bundle (FHIR R4, Bundle, section 2.36.4.1)."""

from __future__ import annotations

from interop.fhir.references import versionless
from interop.fhir.shapes import Json


class Entries:
    """The resources of a Bundle by fullUrl and by ``Type/id``, indexed once."""

    __slots__ = ("_by_name", "_by_url", "_urls")

    def __init__(self, bundle: Json) -> None:
        self._by_url: dict[str, Json] = {}
        self._by_name: dict[str, Json] = {}
        self._urls: dict[int, str] = {}
        entries = bundle.get("entry")
        for each in entries if isinstance(entries, list) else ():
            inner = each.get("resource") if isinstance(each, dict) else None
            if not isinstance(inner, dict):
                continue
            url = each.get("fullUrl")
            if isinstance(url, str):
                self._by_url.setdefault(url, inner)
                self._urls[id(inner)] = url
            self._by_name.setdefault(f"{inner.get('resourceType')}/{inner.get('id')}", inner)

    def find(self, reference: str, source: Json) -> Json | None:
        """What a literal reference in ``source``, an entry's resource, leads to; None where it is not in the Bundle.

        A relative reference is taken against the base of the entry's fullUrl, else by type and id.
        """
        plain = versionless(reference)
        if "://" in plain or plain.startswith("urn:"):
            return self._by_url.get(plain)
        base = self._urls.get(id(source), "")
        if "://" in base and (found := self._by_url.get("/".join([*base.split("/")[:-2], plain]))) is not None:
            return found
        return self._by_name.get(plain)
