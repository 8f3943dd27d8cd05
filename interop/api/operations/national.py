"""The national service, asked by hand: ``Patient/[id]/$identity-verify``, ``$identity-trace``. They are for those whose work it is
to keep records apart and together; what the service says becomes a message of the feed ``pds`` and links are judged anew by it."""

from __future__ import annotations

from interop.api.asgi import Response
from interop.api.operations.identity import _decision, _person, _persons, _shown, _there
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import as_parameters, resource
from interop.apply.tracing import Tracer
from interop.apply.whereabouts import Whereabouts
from interop.errors import Problem

NOTHING = "nothing-to-ask"


async def verify(asked: Asked) -> Response:
    """Who has the record's number now; raises Problem ``not-found``, ``source-off`` where nobody has turned the service on, and
    what asking it raises."""
    tracer = await _tracer(asked, "$identity-verify")
    said = await tracer.verify(asked.id)
    return await _told(asked, "$identity-verify", NOTHING if said is None else said.outcome)


async def trace(asked: Asked) -> Response:
    """Who fits the record's name and birth date; raises Problem as ``verify``."""
    tracer = await _tracer(asked, "$identity-trace")
    said = await tracer.trace(asked.id)
    return await _told(asked, "$identity-trace", NOTHING if said is None else said.outcome)


async def _tracer(asked: Asked, name: str) -> Tracer:
    decision = _decision(asked, name)
    if asked.services.tracer is None:
        raise Problem("source-off", detail="interop serve --pds asks the Personal Demographics Service")
    await _there(asked, decision, asked.id)
    return asked.services.tracer


async def _told(asked: Asked, name: str, outcome: str) -> Response:
    decision = _decision(asked, name)
    persons = await _persons(asked, asked.id)
    members = sorted(each for each, person in persons.items() if person == persons[asked.id])
    people, hidden = await _shown(asked, decision, members), await Whereabouts(asked.services.store).hidden(members)
    records = (("record", "part", _person(each, people, hidden)) for each in members)
    return resource(as_parameters(("outcome", "valueCode", outcome), *records))
