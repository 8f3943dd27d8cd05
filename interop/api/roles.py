"""What a process may be for among those that share a database, and who of them answers where."""

from __future__ import annotations

from typing import Final

INGEST: Final = "ingest"
"""Takes messages in: MLLP, ``/ingest``, the addresses of protocols, watched folders."""
WORKER: Final = "worker"
"""Maps and applies what waits, and does what is done once for all processes."""
API: Final = "api"
"""Answers: FHIR, operations, sign-on, pages."""
ROLES: Final = (INGEST, WORKER, API)
ALL: Final = frozenset(ROLES)

EVERYWHERE: Final = frozenset(("health/live", "health/ready", "metrics"))
TAKING: Final = frozenset(("messages",))
"""Parts that who takes messages in answers too: senders ask there what became of theirs."""


def answering(part: str, *, takes: bool) -> frozenset[str]:
    """The roles that answer at a part of the API; ``takes``: messages are taken in there."""
    if part in EVERYWHERE:
        return ALL
    if takes:
        return frozenset((INGEST,))
    return frozenset((INGEST, API)) if part in TAKING else frozenset((API,))
