"""What a sender's identifiers and codes are called: systems, namespaces, keys."""

from __future__ import annotations

import re

from interop.mapping.instances import Key

LOCAL = "urn:interop:id:"
OWN = "urn:interop:codes:"
"""A key within one of these is the same whoever sends it."""
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+", re.ASCII)


class Naming:
    """The names of one organisation: by ``systems.csv`` where that knows them, else its own."""

    __slots__ = ("organisation", "systems")

    def __init__(self, organisation: str, systems: dict[str, str]) -> None:
        self.organisation = "-".join(organisation.split()) or "unknown"
        self.systems = systems

    def system(self, value: str) -> str:
        """The URI of an identifier system by its OID, name or variant (``systems.csv``)."""
        known = self.systems.get(value)
        if known is not None:
            return known
        return self._unknown(value, LOCAL)

    def codesystem(self, value: str) -> str:
        """The URI of a code system."""
        known = self.systems.get(value) or self.systems.get(value.upper())
        if known is not None:
            return known
        return self._unknown(value, "urn:interop:codes:")

    def _unknown(self, value: str, prefix: str) -> str:
        plain = value.strip()
        known = self.systems.get(plain) or self.systems.get(plain.removeprefix("urn:oid:"))
        if known is not None:
            return known
        if _OID.fullmatch(plain):
            return f"urn:oid:{plain}"
        if ":" in plain and " " not in plain:
            return plain
        return prefix + self.organisation + (":" + "-".join(plain.split()) if plain else "")

    def local(self, namespace: str) -> str:
        """The system of a sender's own identifiers."""
        return f"{LOCAL}{self.organisation}:{'-'.join(namespace.split())}"

    def key(self, kind: str, parts: list[str], namespace: str = "") -> Key | None:
        """The key of a resource of type ``kind`` from its parts; None where no part has a value."""
        value = "+".join(parts)
        if _is_uuid(value):
            return "urn:ietf:rfc:3986", value.lower() if len(parts) == 1 else value
        if not value.strip("+"):
            return None
        if value.startswith(OWN):
            return "urn:ietf:rfc:3986", value
        if namespace:
            return self.system(namespace), value
        return self.local(kind), value


def _is_uuid(value: str) -> bool:
    return len(value) == 36 and value[8] == value[13] == value[18] == value[23] == "-" and value.replace("-", "").isalnum()
