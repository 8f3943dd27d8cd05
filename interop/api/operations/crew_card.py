"""``Patient/[id]/$crew-card``: what a crew needs of a person, as one JSON of less than 10 kB (``interop.careplan.card``).

Who asks for a form of FHIR by name gets it as a Binary, everyone else what that holds: so FHIR R4 has it of Binary. Cards are held
ready (``interop.api.crew.holding``) where there is somebody who hears of every change.
"""

from __future__ import annotations

from typing import Final

from interop.api.absences import Told, missing, telling
from interop.api.asgi import JSON, Header, Request, Response
from interop.api.crew.holding import Held, timeless
from interop.api.crew.making import card_tables, made
from interop.api.fhir.binary import resource_of
from interop.api.fhir.read import present
from interop.api.forms import XML, form_of
from interop.api.operations.operation import Asked
from interop.api.services import Services
from interop.clock import instant
from interop.errors import Problem
from interop.policy.absence import closed
from interop.policy.decide import Question
from interop.policy.rules import SECOND
from interop.store.decision import Account, Decision

NAME: Final = "$crew-card"
FHIR: Final = b"application/fhir+json"
SCHEMA: Final[Header] = (b"link", b'</crew-card.schema.json>; rel="describedby"; type="application/schema+json"')


async def crew_card(asked: Asked) -> Response:
    """The card; 304 where the client has it. Raises Problem ``not-found``, ``gone``."""
    services, request, patient = asked.services, asked.request, asked.id
    decision = services.decide(request, NAME, "Patient", patient)
    told = await telling(services, request, NAME, patient)
    cards, now = services.cards, services.clock.now()
    held = None
    if cards is not None and not request.asker.criteria:
        if told.view is None:
            told.view = _view(services, request, decision, told)
        held = cards.get(patient, told.view, now - now % SECOND)
    if held is None:
        held = await _made(services, request, decision, told, patient)
    account = request.account
    account.patients.update(dict.fromkeys(held.patients))
    account.resources += held.resources
    return _answer(request, held, patient, now)


def _view(services: Services, request: Request, decision: Decision, told: Told) -> int:
    """What who asks sees of whomever: the predicate, what is said of sources, the types that are closed to them."""
    assert services.cards is not None
    seen = (timeless(decision.predicate), decision.whole, told.absent(False), told.absent(True), _unseen(services, request))
    return services.cards.view(*seen)


def _unseen(services: Services, request: Request) -> frozenset[str]:
    asker = request.asker
    narrowed = services.narrowed(asker.scopes or ()) if asker.criteria else ()
    question = Question(NAME, "Patient", "", asker, narrowed)
    return closed(question, card_tables().types, services.facts(), services.clock.now())


async def _made(services: Services, request: Request, decision: Decision, told: Told, patient: str) -> Held:
    """Make it, and keep it where it may be kept."""
    cards = services.cards
    changes = cards.changes if cards is not None else 0
    try:
        await present(services, Decision(decision.rule, decision.predicate, "", decision.whole, Account()), "Patient", patient)
    except Problem as problem:
        if problem.reason.name != "not-found":
            raise
        raise await missing(services, request, NAME, patient, problem) from None
    held = await made(services, told, decision, patient, _unseen(services, request))
    if cards is not None and told.view is not None and not request.asker.criteria:
        cards.keep(patient, told.view, held, changes)
    return held


def _answer(request: Request, held: Held, patient: str, now: int) -> Response:
    headers: list[Header] = [(b"etag", held.etag), SCHEMA]
    if b"if-none-match" in request.headers and held.etag in request.headers[b"if-none-match"]:
        return Response(304, headers=headers)
    body = b'{"made":"%b",%b' % (instant(now).encode("ascii"), held.body[1:])
    form = form_of(request)
    if form.explicit and (form.kind == XML or form.content_type.startswith(FHIR)):
        return Response(200, resource_of(body, "application/json", "", f"Patient/{patient}"), headers=headers)
    return Response(200, body, JSON, headers)
