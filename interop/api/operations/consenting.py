"""``Patient/[id]/$record-consent``: what the person has said of sharing, as a new version of the one Consent that is kept of it.

Decisions are on the whole record, on labels, or on who may act for the person; each call says one and leaves the others.
"""

from __future__ import annotations

from typing import Final

import orjson

from interop.api.asgi import Response
from interop.api.fhir.write import answer
from interop.api.operations.declaring import person
from interop.api.operations.kept import decided, no_criteria, standing, write
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.errors import Problem
from interop.fhir.searching import interval
from interop.fhir.shapes import Json, text
from interop.policy.grants import codes
from interop.policy.relationships import self_claimed
from interop.policy.said import DECISIONS, Said, opens, read, superseded, written
from interop.policy.tables import tables
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Access, Several
from interop.store.values import Stored

SYSTEM: Final = "urn:interop:consent"
CONSENT: Final = "Consent"
WORDS: Final = 200
"""Characters of who took it."""
_PROXIES: Final = frozenset(("RelatedPerson",))


async def record_consent(asked: Asked) -> Response:
    """200 or 201 with the Consent as it now is.

    Raises Problem ``forbidden`` for a role that may not, ``not-found`` for a Patient whom the asker has nothing to do with,
    ``bad-parameter``.
    """
    patient = await person(asked, "$record-consent")
    decision, until, taken_by = (asked.inputs.text(name) for name in ("decision", "until", "taken-by"))
    if decision not in DECISIONS:
        raise BadInput("decision", "", f"it is one of {', '.join(DECISIONS)}")
    if len(taken_by) > WORDS:
        raise BadInput("taken-by", "", f"say who took it in at most {WORDS} characters")
    end = interval(until) if until else None
    if until and (end is None or end[1] <= asked.services.clock.now()):
        raise BadInput("until", "", "it ends after now")
    labels, proxies = _labels(asked), _proxies(asked)
    return await decided(lambda: _recorded(asked, patient.id, decision, until, labels, proxies, taken_by))


async def _recorded(
    asked: Asked, patient: str, decision: str, until: str, labels: tuple[str, ...], proxies: tuple[Json, ...], taken_by: str
) -> Response:
    """Once; raises Problem ``stale-version`` where somebody else came in between. Of a person with several Patients the one who is
    asked about has what is decided, and the Consents of the others no longer say anything else of it. What they say of anything
    else stays theirs: if it turns out that they are somebody else, nobody has what another has given."""
    services = asked.services
    known = await standing(asked, CONSENT, SYSTEM, patient)
    active = {each: stored for each, stored in known.items() if text(orjson.loads(stored.body), "status") == "active"}
    asker, now = asked.request.asker, services.clock.now()
    if not asker.patient and opens(map(read, map(_body, active.values())), decision, labels, proxies):
        await involved(asked, patient)
    own = read(orjson.loads(active[patient].body)) if patient in active else Said()
    said = own.decide(decision, until, labels, proxies)
    id = services.mint.id(CONSENT, SYSTEM, patient)
    writes = [write(asked, written(said, id, patient, asker, taken_by, now), known.get(patient))]
    for other, stored in active.items():
        body = orjson.loads(stored.body)
        before = read(body)
        left = before.give_way(said, labels, proxies)
        if other != patient and left != before:
            kept = written(left, stored.id, other, asker, taken_by, now) if left != Said() else superseded(body)
            writes.append(write(asked, kept, stored))
    done = await services.writes.transaction(writes, no_criteria)
    return answer(services, asked.request, writes[0], done[0])


async def involved(asked: Asked, patient: str) -> None:
    """Raise Problem ``forbidden`` where the asker's own word alone says that they are involved in the person's care: who claims it
    does not turn what the person has closed, nor say who acts for them."""
    services, asker = asked.services, asked.request.asker
    role, now = tables().roles.get(asker.role), services.clock.now()
    if role is None or role.relationship != "care":
        return
    codes = services.facts().codes(asker)
    said = await services.store.query(Access((patient,), ("care",)))
    keys = tuple({(type_, id_) for _, _, code, low, high, type_, id_ in said if code in codes and low <= now < high})
    found: list[Stored] = await services.store.query(Several(PERMIT_ALL, keys)) if keys else []
    if all(self_claimed(_body(stored)) for stored in found):
        raise Problem("forbidden", detail="whoever says alone that they are involved opens nothing that the person has closed")


def _body(stored: Stored) -> Json:
    said: Json = orjson.loads(stored.body)
    return said


def _labels(asked: Asked) -> tuple[str, ...]:
    known = {label.consent for label in tables().labels if label.consent}
    labels = tuple(dict.fromkeys(asked.inputs.every("label")))
    for label in labels:
        if label not in known:
            raise BadInput("label", "", f"{label} is none of {', '.join(sorted(known))}")
    return labels


def _proxies(asked: Asked) -> tuple[Json, ...]:
    found = tuple(asked.inputs.every("proxy"))
    for proxy in found:
        if not any(code.startswith(("RelatedPerson/", "user:")) for code in codes(proxy, _PROXIES)):
            raise BadInput("proxy", "", "a RelatedPerson, or a user by identifier, is wanted")
    return found
