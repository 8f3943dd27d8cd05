"""``$agreement``: what an organisation contributes may be used by a partner, or by all, from now, later, or no more.

There is one Contract for a source and a partner: each call makes a new version of it, and what the call does not name stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import orjson

from interop.api.asgi import Response
from interop.api.fhir.write import answer
from interop.api.operations.kept import decided, write
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.errors import Problem
from interop.fhir.rows import EARLIEST, LATEST
from interop.fhir.searching import interval
from interop.policy.agreements import WRITTEN, agreements, contract
from interop.policy.facts import Agreement
from interop.policy.tables import tables
from interop.ports.feed import organisation
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Read
from interop.store.values import Stored

SYSTEM: Final = "urn:interop:agreement"
LONGEST: Final = 100
"""Characters of the name of an organisation."""


async def agreement(asked: Asked) -> Response:
    """200 or 201 with the Contract as it now is; it holds from the moment of the answer on, at the latest.

    Raises Problem ``forbidden`` for a role that may not, and for an organisation that is not the source; ``bad-parameter``.
    """
    services, request = asked.services, asked.request
    decision = services.decide(request, "$agreement", "Contract")
    source, partner = _name(asked, "source"), _name(asked, "partner")
    if not source or source == partner:
        raise BadInput("partner" if source else "source", "", "two organisations are wanted")
    if decision.predicate is not None and request.asker.organisation not in ("", source):
        raise Problem("forbidden", detail="an organisation agrees for itself alone")
    id = services.mint.id("Contract", SYSTEM, f"{source}|{partner}")

    async def once() -> Response:
        found: list[Stored] = await services.store.query(Read(PERMIT_ALL, "Contract", id))
        before = found[0] if found and not found[0].deleted else None
        meant = write(asked, contract(_agreed(asked, id, source, partner, before)), before)
        return answer(services, request, meant, await services.writes.write(meant))

    return await decided(once)


def _agreed(asked: Asked, id: str, source: str, partner: str, before: Stored | None) -> Agreement:
    known = agreements(orjson.loads(before.body), lambda organisation: ()) if before is not None else ()
    made = known[0] if known else Agreement(id, source, partner, (), EARLIEST, LATEST, "active")
    inputs = asked.inputs
    purposes = tuple(dict.fromkeys(inputs.every("purpose")))
    for purpose in purposes:
        if purpose not in tables().purposes:
            raise BadInput("purpose", "", f"it is one of {', '.join(sorted(tables().purposes))}")
    status = inputs.text("status") or "active"
    if status not in WRITTEN:
        raise BadInput("status", "", f"it is one of {', '.join(WRITTEN)}")
    made = replace(made, status=status, purposes=purposes or made.purposes)
    if "start" in inputs:
        made = replace(made, start=_time(asked, "start")[0])
    if "end" in inputs:
        made = replace(made, end=_time(asked, "end")[1])
    if made.start >= made.end:
        raise BadInput("end", "", "it ends after it begins")
    return made


def _name(asked: Asked, parameter: str) -> str:
    said = organisation(asked.inputs.text(parameter))
    if len(said) > LONGEST:
        raise BadInput(parameter, "", f"an ODS code is wanted, or a name of at most {LONGEST} characters")
    return said


def _time(asked: Asked, parameter: str) -> tuple[int, int]:
    """Whole seconds."""
    found = interval(asked.inputs.text(parameter))
    if found is None:
        raise BadInput(parameter, "", "it cannot be read")
    low, high = found
    return low - low % 1_000_000, high + -high % 1_000_000
