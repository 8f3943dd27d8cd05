"""What a row of the audit calls who asks, what is asked, and by which parameters."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from interop.api.fhir.routes import resource_types
from interop.fhir import facts
from interop.policy.asker import Asker
from interop.policy.decide import purpose_of

ENGINE: Final = Asker(role="engine", client="interop")
BUNDLE: Final = "batch"
DONE: Final = {"GET": "read", "HEAD": "read", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create",
               "TAKEDOWN": "takedown"}  # fmt: skip
"""What each method does where nothing else is said."""
_PARTS: Final = re.compile(r"[.:]")
_OTHERS: Final = frozenset((
    "_count", "_sort", "_include", "_revinclude", "_summary", "_elements", "_total", "_format", "_pretty", "_cursor",
    "_since", "_at", "_type", "_has", "_list", "_content", "_text", "_filter", "_contained", "_containedType", "_id",
    "_lastUpdated", "_source", "exact", "contains", "missing", "not", "in", "not-in", "above", "below", "identifier", "text",
    "of-type", "iterate", "start", "end", "max", "rule", "closed", "wait",
))  # fmt: skip
"""Names of parameters that are of no one type, and modifiers."""
LOOKED: Final = 4096
"""Bytes of a query that are looked at."""
PARAMETERS: Final = 40
"""Names that are kept."""


@lru_cache(maxsize=4096)
def who(asker: Asker) -> tuple[str, ...]:
    """Who asks, as a row has it."""
    return (asker.user, asker.role, asker.organisation, asker.client, purpose_of(asker), asker.session, asker.fhir_user)


def parameter_names(query: bytes) -> str:
    """The names of the parameters of a query, without values; a name that is not of R4 is ``?``."""
    return "&".join([_name(each.partition(b"=")[0]) for each in query[:LOOKED].split(b"&")][:PARAMETERS])


@lru_cache(maxsize=4096)
def _name(said: bytes) -> str:
    """A parameter as it may be written: each part of it is a name of R4."""
    name = said.decode("ascii", "replace")
    return f"{name}=" if all(part in _known() for part in _PARTS.split(name)) else "?="


@cache
def _known() -> frozenset[str]:
    codes = {code for type_ in resource_types() for code in facts.search_parameters(type_)}
    return frozenset(codes | resource_types() | _OTHERS)


def asked(method: str, path: str) -> tuple[str, str, str]:
    """Interaction, type and id that a request under ``/fhir`` names; '' for what is none."""
    _, _, *parts = path.split("/")
    type_ = parts[0] if parts and parts[0] in resource_types() else ""
    if len(parts) == 2 and type_ and parts[1] and parts[1][0] not in "_$":
        return DONE.get(method, "read"), type_, parts[1]
    last = parts[-1] if parts else ""
    if last[:1] == "$":
        return last[:40] if last[1:].replace("-", "").isalpha() else "$", type_, parts[1] if len(parts) == 3 else ""
    id_ = parts[1] if len(parts) > 2 and type_ else ""
    if "_history" in parts:
        if len(parts) == 4:
            return "vread", type_, id_
        return "history-instance" if id_ else "history-type" if type_ else "history-system", type_, id_
    if method == "POST" and last != "_search":
        return ("create" if type_ else BUNDLE), type_, id_
    if not type_:
        return "search-system", "", ""
    if method in ("PUT", "PATCH", "DELETE"):
        return DONE[method], type_, id_
    return "search-type", type_, id_
