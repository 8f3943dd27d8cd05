"""What the standard's prose demands of a datatype beside its table and its invariants."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any

from interop.fhir.findings import ERROR, WARNING, Finding, Findings
from interop.fhir.validation.structure.run import Json, Rule, Run

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_URI_SYSTEM = "urn:ietf:rfc:3986"


def _attachment(value: Json, _: Run) -> Findings | None:
    """``size`` is that of the data; an attachment says something of its content (2.24.0.9)."""
    data, size = value.get("data"), value.get("size")
    if isinstance(data, str) and isinstance(size, int) and _decoded(data) not in (None, size):
        return [Finding(ERROR, "size", "value", "is not the size of the data", "value")]
    if not any(name in value for name in ("data", "url", "contentType", "language", "_data", "_url", "extension")):
        return [Finding(WARNING, "", "structure", "has neither data, url, contentType nor language", "value")]
    return None


def _decoded(data: str) -> int | None:
    try:
        return len(b64decode("".join(data.split()), validate=True))
    except ValueError:
        return None


def _absolute(value: Json, name: str) -> Finding | None:
    """A system or URL that names something is an absolute address."""
    said = value.get(name)
    if not isinstance(said, str) or _SCHEME.match(said) or said[:1] in ("", "#"):
        return None
    return Finding(ERROR, name, "value", "must be absolute", "absolute")


def _coding(value: Json, _: Run) -> Findings | None:
    """The system is that of the code, not a set in which it stands (2.24.0.6)."""
    said = value.get("system")
    if not isinstance(said, str):
        if "code" in value and "_system" not in value and said is None:
            return [Finding(WARNING, "", "value", "has a code of no system", "value")]
        return None
    if "/ValueSet/" in said:
        return [Finding(ERROR, "system", "value", "is a value set, not a code system", "value")]
    found = _absolute(value, "system")
    return None if found is None else [found]


def _identifier(value: Json, _: Run) -> Findings | None:
    """The system is absolute; values that are URIs are whole ones (2.24.0.10)."""
    if value.get("system") == _URI_SYSTEM:
        said = value.get("value")
        if isinstance(said, str) and not _SCHEME.match(said):
            return [Finding(WARNING, "value", "value", "should be a whole URI, as its system says", "value")]
        return None
    found = _absolute(value, "system")
    return None if found is None else [found]


def outermost(rule: Rule) -> Rule:
    """The rule of an extension that stands in no other: its URL is absolute."""

    def extension(value: Any, run: Run) -> Findings | None:
        findings = rule(value, run)
        if isinstance(value, dict):
            said = value.get("url")
            if isinstance(said, str) and said and not _SCHEME.match(said):
                findings = [*(findings or ()), Finding(ERROR, "url", "value", "must be absolute", "extension")]
        return findings

    return extension


EXTRAS = {
    "Attachment": (_attachment,),
    "Coding": (_coding,),
    "Identifier": (_identifier,),
}
"""Block -> what is asked of its JSON object."""
