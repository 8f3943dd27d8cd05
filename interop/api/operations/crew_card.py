"""``Patient/[id]/$crew-card``: what a crew needs of a person, as one JSON of less than 10 kB (``interop.careplan.card``).

Who asks for a form of FHIR by name gets it as a Binary, everyone else what that holds: so FHIR R4 has it of Binary. Cards are held
ready (``interop.api.crew.holding``) where there is somebody who hears of every change.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from interop.api.absences import Told, missing, telling, unseen
from interop.api.asgi import JSON, Header, Request, Response
from interop.api.crew.holding import Cards, Held, View, timeless, view
from interop.api.crew.making import card_tables, made
from interop.api.emergencies import lasts
from interop.api.fhir.binary import resource_of
from interop.api.forms import XML, form_of
from interop.api.operations.operation import Asked
from interop.api.services import Services
from interop.clock import instant
from interop.errors import Problem
from interop.policy.rules import SECOND
from interop.store.decision import Decision

NAME: Final = "$crew-card"
FHIR: Final = b"application/fhir+json"
SCHEMA: Final[Header] = (b"link", b'</crew-card.schema.json>; rel="describedby"; type="application/schema+json"')


class Sight(NamedTuple):
    """What who asks sees of whomever in this second: ``unseen`` types, and under what ``cards`` keep theirs, b'' where they keep
    none."""

    cards: Cards | None
    unseen: frozenset[str]
    view: View


async def crew_card(asked: Asked) -> Response:
    """The card; 304 where the client has it. Raises Problem ``not-found``, ``gone``."""
    services, request, patient = asked.services, asked.request, asked.id
    decision = services.decide(request, NAME, "Patient", patient)
    told = await telling(services, request, NAME, patient)
    cards, now, sight = services.cards, services.clock.now(), told.kept
    if not isinstance(sight, Sight) or sight.cards is not cards:
        sight = told.kept = _sight(services, request, decision, told)
    held = cards.get(patient, sight.view, now - now % SECOND) if cards is not None else None
    if held is None:
        held = await _made(services, request, decision, told, sight, patient)
    account = request.account
    account.patients.update(dict.fromkeys(held.patients))
    account.resources += held.resources
    return _answer(request, held, patient, now, await lasts(services, request, patient, held.declared))


def _sight(services: Services, request: Request, decision: Decision, told: Told) -> Sight:
    closed = unseen(services, request, NAME, card_tables().types)
    if services.cards is None or request.asker.criteria:
        return Sight(services.cards, closed, b"")
    seen = (timeless(decision.predicate), decision.whole, told.absent(False), told.absent(True), sorted(closed))
    return Sight(services.cards, closed, view(*seen))


async def _made(services: Services, request: Request, decision: Decision, told: Told, sight: Sight, patient: str) -> Held:
    """Make it, and keep it where it may be kept."""
    cards = services.cards
    changes = cards.changes if cards is not None else 0
    try:
        held = await made(services, told, decision, patient, sight.unseen)
    except Problem as problem:
        if problem.reason.name != "not-found":
            raise
        raise await missing(services, request, NAME, patient, problem) from None
    if cards is not None and sight.view:
        cards.keep(patient, sight.view, held, changes)
    return held


def _answer(request: Request, held: Held, patient: str, now: int, emergency: str) -> Response:
    headers: list[Header] = [(b"etag", held.etag), SCHEMA]
    if b"if-none-match" in request.headers and held.etag in request.headers[b"if-none-match"]:
        return Response(304, headers=headers)
    until = b'"emergencyUntil":"%b",' % emergency.encode("ascii") if emergency else b""
    body = b'{"made":"%b",%b%b' % (instant(now).encode("ascii"), until, held.body[1:])
    form = form_of(request)
    if form.explicit and (form.kind == XML or form.content_type.startswith(FHIR)):
        return Response(200, resource_of(body, "application/json", "", f"Patient/{patient}"), headers=headers)
    return Response(200, body, JSON, headers)
