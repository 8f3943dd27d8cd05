"""What was done, as FHIR's AuditEvent has it: create, read, update, delete, execute."""

from __future__ import annotations

from typing import Final

from interop.audit.row import CHANGE, MESSAGE, Row

_INTERACTIONS: Final = {"create": "C", "read": "R", "vread": "R", "update": "U", "patch": "U", "delete": "D", "takedown": "D"}


def action_of(row: Row) -> str:
    """``AuditEvent.action``: a change of several kinds, a search and an operation are executed."""
    if row.kind == MESSAGE:
        return "C"
    if row.kind == CHANGE:
        done = {_INTERACTIONS.get(doing, "E") for doing, *_ in row.more.get("keys", ())}
        return done.pop() if len(done) == 1 else "E"
    return _INTERACTIONS.get(row.interaction, "E")
