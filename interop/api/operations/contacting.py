"""``Patient/[id]/$contact-choices`` and ``$record-contact-choices``: whether a person wants to be told of news by text message or
e-mail, and by which first. Telephones and mailboxes are the surgery's to change: nothing here makes the engine write to another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from interop.api.asgi import Response
from interop.api.operations.audit import parameters
from interop.api.operations.consenting import involved
from interop.api.operations.declaring import person
from interop.api.operations.kept import decided, no_criteria, standing, write
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.apply.telling.addresses import Address, of_person, private, refused, said_of
from interop.apply.telling.choices import NONE, left, merged, organisation, read, said_by, written
from interop.careplan.contact import FLAG
from interop.fhir.shapes import Json, text
from interop.notify.messages import CHANNELS, PERSON, SMS
from interop.policy.tables import tables
from interop.store.plan import Several
from interop.store.values import Stored

SYSTEM: Final = "urn:interop:contact-choices"
EITHER: Final = "either"
"""In place of a channel that is tried first: as the record says."""


async def contact_choices(asked: Asked) -> Response:
    """Parameters: ``sms`` and ``email`` whether they want it, ``first`` by which first where they said so; ``changed`` when that
    was last said and ``by`` whom (person, carer, staff of ``organisation``). For each ``channel`` whether the record holds an
    address (``known``) and, for the person alone, which (``address``, its middle left out); its ``order`` among those that are
    used; ``elsewhere`` where another record of theirs refuses it; whether the service ``sends`` so; when it does not
    (``quiet-from``, ``quiet-until``) and whether what is urgent ``passes`` then.

    Raises Problem ``forbidden`` for a role that may not, ``not-found`` for a Patient whom the asker has nothing to do with."""
    patient = await person(asked, "$contact-choices")
    return await _told(asked, patient.id)


async def record_contact_choices(asked: Asked) -> Response:
    """The same, as it is once that was recorded; what is not named stays. Said again it changes nothing.

    Raises Problem ``forbidden`` and ``not-found`` as above, ``forbidden`` also where somebody who says alone that they are
    involved turns on what the person has turned off; ``bad-parameter``."""
    patient = await person(asked, "$record-contact-choices")
    said: dict[str, Any] = {name: asked.inputs.flag(name) for name in CHANNELS if name in asked.inputs}
    if "first" in asked.inputs:
        first = asked.inputs.text("first")
        if first not in (*CHANNELS, EITHER):
            raise BadInput("first", "", f"it is one of {', '.join((*CHANNELS, EITHER))}")
        said["first"] = "" if first == EITHER else first
    if not said:
        raise BadInput("sms", "", "say at least one of sms, email, first")
    await decided(lambda: _recorded(asked, patient.id, said))
    return await _told(asked, patient.id)


async def _recorded(asked: Asked, patient: str, said: Mapping[str, Any]) -> None:
    """Once; raises Problem ``stale-version`` where somebody else came in between. Of a person with several Patients the one who is
    asked about has what was said, and the others no longer say anything else of it; what they say besides stays theirs, and stays
    said by whoever said it: they may turn out to be somebody else."""
    services, asker = asked.services, asked.request.asker
    known = await standing(asked, FLAG, SYSTEM, patient)
    before = {each: read(_body(stored)) for each, stored in known.items()}
    if any(said.get(name) and not getattr(each, name) for name in CHANNELS for each in before.values()):
        await involved(asked, patient)
    own = before.get(patient, NONE).decide(said)
    rest = {each: was.give_way(own, said) for each, was in before.items() if each != patient}
    writes = [write(asked, left(_body(known[each]), made), known[each]) for each, made in rest.items() if made != before[each]]
    if writes or own != before.get(patient, NONE):
        made = written(own, services.mint.id(FLAG, SYSTEM, patient), patient, asker, services.clock.now())
        await services.writes.transaction([write(asked, made, known.get(patient)), *writes], no_criteria)


async def _told(asked: Asked, patient: str) -> Response:
    services, now = asked.services, asked.services.clock.now()
    patients, flags = await said_of(services.store, patient)
    kept = await standing(asked, FLAG, SYSTEM, patient)
    ours = {stored.id for stored in kept.values()}
    bodies = {each: _body(stored) for each, stored in kept.items()}
    choices = merged(read(each) for each in (bodies.get(patient, {}), *bodies.values()))
    said: list[Json] = [{"name": "sms", "valueBoolean": choices.sms}, {"name": "email", "valueBoolean": choices.email}]
    if choices.first:
        said.append({"name": "first", "valueCode": choices.first})
    if latest := max(bodies.values(), key=lambda each: text(each.get("period"), "start"), default=None):
        said.append({"name": "changed", "valueInstant": text(latest["period"], "start")})
        said.append({"name": "by", "valueCode": said_by(latest)})
        if code := organisation(latest):
            said.append({"name": "organisation", "valueString": code})
    used = of_person(patients, flags, now)
    elsewhere = refused(patients, [each for each in flags if text(each, "id") not in ours], now)
    known = {each.channel: each for each in private(patients, now)}
    shown = await _shown(asked, patients)
    order = {each.channel: place for place, each in enumerate(used, 1)}
    for channel in CHANNELS:
        parts: list[Json] = [{"name": "code", "valueCode": channel}, {"name": "known", "valueBoolean": channel in known}]
        if channel in known and known[channel] in shown:
            parts.append({"name": "address", "valueString": masked(known[channel])})
        if channel in order:
            parts.append({"name": "order", "valueInteger": order[channel]})
        parts.append({"name": "elsewhere", "valueBoolean": channel in elsewhere})
        said.append({"name": "channel", "part": [*parts, *_sends(asked, channel)]})
    return parameters(said)


def _sends(asked: Asked, channel: str) -> list[Json]:
    """Whether the deployment has the channel, and when it is quiet."""
    telling = asked.services.telling
    if telling is None or channel not in telling.ways:
        return [{"name": "sends", "valueBoolean": False}]
    parts: list[Json] = [{"name": "sends", "valueBoolean": True}]
    if (hours := telling.hours(PERSON, channel)) is not None:
        for name, (hour, minute) in (("quiet-from", hours.start), ("quiet-until", hours.end)):
            parts.append({"name": name, "valueTime": f"{hour:02}:{minute:02}:00"})
        parts.append({"name": "passes", "valueBoolean": hours.passes})
    return parts


async def _shown(asked: Asked, patients: list[Json]) -> list[Address]:
    """The addresses that may be shown: to the person alone, of what they are given of themselves."""
    services, request = asked.services, asked.request
    role = tables().roles.get(request.asker.role)
    if role is None or role.relationship != "self":
        return []
    decision = services.decide(request, "read", "Patient", asked.id)
    keys = tuple(("Patient", text(each, "id")) for each in patients)
    given: list[Stored] = await services.store.query(Several(decision, keys))
    return private([_body(each) for each in given], services.clock.now())


def masked(address: Address) -> str:
    """A telephone or a mailbox with its middle left out: 07… …123, l…@example.org."""
    if address.channel == SMS:
        return f"{address.value[:2]}… …{address.value[-3:]}"
    name, _, place = address.value.partition("@")
    return f"{name[:1]}…@{place}"


def _body(stored: Stored) -> Json:
    said: Json = orjson.loads(stored.body)
    return said
