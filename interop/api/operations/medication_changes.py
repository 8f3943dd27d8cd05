"""``Encounter/[id]/$medication-changes``: what a stay in hospital did to the person's medicines, before and after; of a Patient the
latest stay.

A Bundle of type ``collection``: a Composition whose sections are the kinds of change, an OperationOutcome that tells what is
absent, the resources that say so and whom they name. With ``for=patient`` everyday words alone.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final
from uuid import UUID

import orjson

from interop.api import links
from interop.api.absences import absences, issue, unseen
from interop.api.asgi import Response
from interop.api.fhir.included import local, referenced
from interop.api.fhir.read import present
from interop.api.operations.composing import PARTLY, UNSHOWN
from interop.api.operations.everything import of_person
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.api.operations.planning import compartment_of
from interop.api.operations.telling_medicines import composition, unplaced
from interop.api.problems import outcome
from interop.api.services import Services
from interop.careplan.crew.who import redacted
from interop.careplan.medicines.folding import changes
from interop.careplan.medicines.reading import TYPES
from interop.careplan.medicines.stays import latest_stay, stay_of
from interop.careplan.medicines.values import Changes
from interop.careplan.plan import Given
from interop.clock import instant
from interop.fhir.rows import EARLIEST
from interop.fhir.shapes import text
from interop.policy.absence import Absence
from interop.store.decision import Decision
from interop.store.plan import History
from interop.store.values import Stored

NAME: Final = "$medication-changes"
READ: Final = ("Composition", "Encounter", "List", *TYPES, "Patient")
PATIENT: Final = "patient"
NOT_FOR_ROLE: Final = "not-for-role"


async def of_encounter(asked: Asked) -> Response:
    """Of the stay that the Encounter is of; raises Problem ``not-found``, ``gone``, ``bad-parameter``, ``too-costly``."""
    everyday = _everyday(asked)
    decision = asked.services.decide(asked.request, NAME, "Encounter", asked.id)
    encounter = await present(asked.services, decision, "Encounter", asked.id)
    subject = local([text(orjson.loads(encounter.body).get("subject"), "reference")])
    patient = next((id_ for type_, id_ in subject if type_ == "Patient"), "")
    stored = await compartment_of(asked.services, decision, patient, READ) if patient else [encounter]
    return await _answer(asked, decision, patient, asked.id, stored, everyday)


async def of_patient(asked: Asked) -> Response:
    """Of the latest stay of the person; raises Problem ``not-found``, ``gone``, ``bad-parameter``, ``too-costly``."""
    everyday = _everyday(asked)
    decision = asked.services.decide(asked.request, NAME, "Patient", asked.id)
    await of_person(asked, NAME, decision)
    stored = await compartment_of(asked.services, decision, asked.id, READ)
    stay = latest_stay([_given(each) for each in stored if each.type == "Encounter"])
    return await _answer(asked, decision, asked.id, stay, stored, everyday)


def _everyday(asked: Asked) -> bool:
    said = asked.inputs.text("for")
    if said not in ("", PATIENT):
        raise BadInput("for", "", f"{PATIENT} is what it may be")
    return said == PATIENT


async def _answer(asked: Asked, decision: Decision, patient: str, stay: str, stored: list[Stored], everyday: bool) -> Response:
    services = asked.services
    medicines = [each for each in stored if each.type in TYPES]
    along = await referenced(services, decision, medicines)
    given = [_given(each) for each in stored]
    given += [_given(each) for each in along if (each.type, each.id) not in {(one.type, one.id) for one in stored}]
    given += [_given(each) for each in await _earlier(services, decision, given, stay, medicines)]
    found = changes(given, stay) if stay else Changes(None)
    keys = _shown(found)
    if any(redacted(each.resource) for each in given if text(each.resource, "resourceType") == "Patient"):
        found = unplaced(found)  # who contributes to a record is most often near where the person lives
    shown = [each for each in stored if f"{each.type}/{each.id}" in keys or each.type == "Patient"]
    shown += [each for each in along if each.type not in READ]
    absent = await absences(services, asked.request, NAME, (patient,), stored) if patient else []
    closed = sorted(unseen(services, asked.request, NAME, READ))
    if closed:
        absent.append(issue(Absence(NOT_FOR_ROLE, "suppressed", f"not all is shown to this role: {', '.join(closed)}", "", 0)))
    now = services.clock.now()
    said = "\n".join(sorted(f"{each.type}/{each.id}/{each.version}" for each in shown))
    id_ = str(UUID(bytes=blake2b(f"{stay}\n{said}".encode("ascii"), digest_size=16).digest()))
    told = composition(found, patient, id_, now, everyday, PARTLY if closed else UNSHOWN if absent else None)
    entries = [b'{"fullUrl":"urn:uuid:%s","resource":%s}' % (id_.encode("ascii"), orjson.dumps(told))]
    if absent:
        entries.append(b'{"resource":%s}' % outcome(absent))
    if not everyday:
        base = links.base(asked.request, services.base).encode("ascii")
        entries += [
            b'{"fullUrl":"%s/%s/%s","resource":%s}' % (base, each.type.encode(), each.id.encode(), each.body) for each in shown
        ]
    written = (instant(now).encode("ascii"), b",".join(entries))
    return Response(200, b'{"resourceType":"Bundle","type":"collection","timestamp":"%s","entry":[%s]}' % written)


async def _earlier(services: Services, decision: Decision, given: list[Given], stay: str, medicines: list[Stored]) -> list[Stored]:
    """Statements that have changed since the stay began, as they were then: as far as the asker may see those versions."""
    found = stay_of(given, stay) if stay else None
    if found is None or found.start == EARLIEST:
        return []
    at = (found.start, found.start + 1)
    earlier: list[Stored] = []
    for each in medicines:
        if each.version > 1 and each.updated > found.start:
            plan = History(decision, each.type, each.id, count=1, at=at)
            earlier += [old for old in await services.store.query(plan) if not old.deleted and old.version < each.version]
    return earlier


def _shown(found: Changes) -> set[str]:
    """The references of all that is told of."""
    keys = {told.origin.reference for line in found.lines for told in line.told} | {each.origin.reference for each in found.aside}
    return keys | set(found.stay.encounters) | set(found.stay.letters) if found.stay is not None else keys


def _given(stored: Stored) -> Given:
    return Given(orjson.loads(stored.body), stored.version, stored.source, stored.updated, stored.owner)
