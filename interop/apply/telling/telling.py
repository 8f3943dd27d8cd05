"""A Communication on its way: which channel it takes and when, what goes out, what becomes of it.

Its status says how far it is: ``preparation`` until something has gone out, ``in-progress`` while a receipt is to come,
``completed`` when it has arrived or nothing more will be known, ``not-done`` with the reason where nobody could be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from interop.apply.acting.authored import written_by_us
from interop.apply.acting.person import Resource, body
from interop.apply.acting.recipients import AT, Recipients
from interop.apply.asked import UPDATE, Asked, Author, Criteria
from interop.apply.telling.addresses import MEDIA, MEDIUM, Address, addresses, audience, refused, said_of, topics, tried
from interop.apply.writes import Writes
from interop.clock import Clock, instant
from interop.errors import Problem
from interop.fhir.shapes import dicts, text
from interop.ids import Mint, minted
from interop.notify.messages import CHANNELS, Messages
from interop.notify.quiet import Quiet
from interop.notify.routes import delivery_id
from interop.rules.making import WORKLIST
from interop.rules.tables import CODES
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Deliveries, Read, ReadVersion
from interop.store.seam import Store
from interop.store.values import ACKNOWLEDGED, AWAITED, DENIED, SENT, Delivery, Stored

TYPE: Final = "Communication"
NOTICE: Final = "notice"
"""The event and the format of what tells people."""
OUTCOME: Final = "outcome"
"""The event that something has become of one: ``concerns`` is the destination and the sequence of its delivery."""
QUEUE: Final = "notices"
"""The name of the queue in which it is decided who is told how: no destination of a deployment has it."""
UNTOLD: Final = "could-not-be-told"
WITHHELD: Final = "not-permitted"
"""Why nobody was told."""
COULD_NOT: Final = "Somebody could not be told: tell them another way"
WANT_NONE: Final = "Somebody wants neither text messages nor e-mails: tell them another way"
"""What the desk is told."""
NOT_TOLD: Final = f"{CODES}not-told"
"""The system of why."""
DESK: Final = "co-ordination"
"""The worklist of what could not be told."""
WAITING: Final = ("preparation", "in-progress")
URGENT: Final = ("urgent", "asap", "stat")


class Way(NamedTuple):
    """How a channel is carried: the name of the destination, where to sign in, what the service is called."""

    destination: str
    link: str
    service: str


class Notice(NamedTuple):
    """What goes out, to which telephone or mailbox, about whom (which is for the audit alone)."""

    to: str
    subject: str
    text: str
    patient: str


class Going(NamedTuple):
    """A Communication that is to be told: ``stored`` and ``said`` as it is now, ``asked`` as a rule has made it. Who is told of
    what, and how urgent it is, stands in that: over the other anybody may write."""

    stored: Stored
    said: Resource
    asked: Resource

    @property
    def recipient(self) -> Resource:
        return recipient_of(self.asked)

    @property
    def waits(self) -> bool:
        """Whether it is still to be told."""
        return self.said.get("status") in WAITING


class Telling:
    """``ways`` by channel."""

    def __init__(
        self,
        store: Store,
        writes: Writes,
        recipients: Recipients,
        mint: Mint,
        clock: Clock,
        messages: Messages,
        quiet: Mapping[tuple[str, str], Quiet],
        ways: Mapping[str, Way],
    ) -> None:
        self._store, self._writes, self._mint, self._clock = store, writes, mint, clock
        self.recipients = recipients
        self._messages, self._quiet, self.ways = messages, quiet, ways

    async def act(self, delivery: Delivery) -> list[Delivery]:
        """Go on with a Communication that is new, or of which something has become; what is due of it at channels. Made again it
        has the same effect. Raises Problem where the record cannot be read or written."""
        if delivery.event != OUTCOME:
            return await self._next(delivery)
        of, _, sequence = delivery.concerns.partition(" ")
        found: list[Delivery] = await self._store.query(Deliveries(of, sequence=int(sequence)))
        channel = next((channel for channel, way in self.ways.items() if way.destination == of), "")
        return await self._became(found[0], channel) if found and channel else []

    async def held(self, delivery: Delivery) -> int:
        """Until when a delivery has to wait, the end of quiet hours; 0 where it may go out now."""
        going = await self._read(delivery)
        return self._due(going, self._channel(delivery)) if going is not None else 0

    async def notice(self, delivery: Delivery) -> Notice | None:
        """What goes out now; None where nobody is to be told so any more, or may be."""
        going = await self._read(delivery)
        if going is None or not going.waits or not await self._may(going):
            return None
        channel, able = self._channel(delivery), await self._addresses(going)
        at = next((each for each in able if each.channel == channel), None)
        if at is None:
            return None
        way, words = self.ways[channel], self._messages.of(audience(going.recipient), channel, topics(going.asked))
        id = going.stored.id
        link = f"{way.link}?notice={id}" if minted(id) else way.link  # whoever chose another may have put a name into it
        return Notice(at.value, words.subject, words.said(link, way.service), going.stored.subject)

    async def _read(self, delivery: Delivery) -> Going | None:
        """None where it is gone, and where the version that was to be told is not of our rules: their tag is anybody's to write,
        and nobody else lets us send messages."""
        id = delivery.resource
        found: list[Stored] = await self._store.query(Read(PERMIT_ALL, TYPE, id))
        asked: list[Stored] = await self._store.query(ReadVersion(PERMIT_ALL, TYPE, id, delivery.version))
        if not found or found[0].deleted or not asked or not await written_by_us(self._store, asked[0], False):
            return None
        return Going(found[0], body(found[0]), body(asked[0]))

    async def _may(self, going: Going) -> bool:
        """Whether the policy lets them see what they are told of, and the Communication."""
        return await self.recipients.may(going.recipient, *_about(going), self._clock.now())

    async def _addresses(self, going: Going) -> list[Address]:
        now = self._clock.now()
        return await addresses(self._store, going.recipient, now, lambda entry: self.recipients.vouch(entry, *_about(going), now))

    async def _wants_none(self, going: Going) -> bool:
        """Whether it is for a person who wants to be told by no channel, so that nothing is wrong with telephone or mailbox."""
        type_, _, id_ = text(going.recipient, "reference").partition("/")
        if type_ != "Patient":
            return False
        return refused(*await said_of(self._store, id_), self._clock.now()) >= {*CHANNELS}

    def hours(self, to: str, channel: str) -> Quiet | None:
        """When an audience is not told by a channel; None for no such hours."""
        return self._quiet.get((to, channel))

    def _channel(self, delivery: Delivery) -> str:
        return next(channel for channel, way in self.ways.items() if way.destination == delivery.destination)

    def _due(self, going: Going, channel: str) -> int:
        hours = self.hours(audience(going.recipient), channel)
        return hours.until(self._clock.now(), going.asked.get("priority") in URGENT) if hours is not None else 0

    async def _next(self, delivery: Delivery) -> list[Delivery]:
        """The next channel that was not tried; where there is none somebody at the desk is told that nobody was."""
        id, event, now = delivery.resource, delivery.version, self._clock.now()
        going = await self._read(delivery)
        if going is None or not going.waits:
            return []
        if text(going.recipient.get("identifier"), "system") == AT:
            return []  # a program of somebody else's, and nobody to be told by a telephone
        stored, said = going.stored, going.said
        if not await self._may(going):
            await self._write(stored, _not_done(said, WITHHELD))
            return []
        before = tried(said)
        at = next((each for each in await self._addresses(going) if each.channel in self.ways and each.channel not in before), None)
        if at is None:
            why = WANT_NONE if await self._wants_none(going) else COULD_NOT
            await self._write(
                stored, _not_done(said, UNTOLD), self._task(stored, {**going.asked, "meta": said.get("meta", {})}, why)
            )
            return []
        to = self.ways[at.channel].destination
        known = to, delivery_id(to, NOTICE, id, event), NOTICE, NOTICE, NOTICE, now
        due = self._due(going, at.channel)
        return [Delivery(*known, stored.message, TYPE, id, event, due=due, changed=now, since=delivery.since)]

    async def _became(self, delivery: Delivery, channel: str) -> list[Delivery]:
        going = await self._read(delivery)
        if going is None or going.said.get("status") not in (*WAITING, "completed"):
            return []
        stored, said = going.stored, going.said
        if delivery.state == SENT:
            made = by(said, channel)
            made.setdefault("sent", instant(delivery.changed))
            made["status"] = "in-progress" if delivery.ack == AWAITED else "completed"
            if delivery.ack == ACKNOWLEDGED:
                made["received"] = instant(delivery.changed)
            if made != said and said["status"] != "completed":
                await self._write(stored, made)
            return []
        if said["status"] == "completed":
            return []
        if channel not in tried(said):
            await self._write(stored, by(said, channel))
        return await self._next(delivery._replace(since=0))

    def _task(self, stored: Stored, said: Resource, why: str) -> Resource:
        """For the desk: somebody could not be told, or not in a way that they want."""
        id_ = self._mint.id("Task", f"urn:interop:{NOTICE}", stored.id)
        made: Resource = {"resourceType": "Task", "id": id_, "status": "requested", "intent": "order"}
        if meta := _meta(said):
            made["meta"] = meta
        made["code"] = {"coding": [{"system": f"{CODES}task", "code": UNTOLD, "display": "Tell somebody who could not be told"}]}
        made |= {"description": why, "focus": {"reference": f"{TYPE}/{stored.id}"}}
        if "subject" in said:
            made["for"] = said["subject"]
        made |= {"authoredOn": instant(self._clock.now()), "priority": said.get("priority", "routine")}
        made["performerType"] = [{"coding": [{"system": WORKLIST, "code": DESK}]}]
        return made

    async def _write(self, stored: Stored, *resources: Resource) -> None:
        """All or nothing, where nobody has written meanwhile. Raises Problem ``stale-version``."""
        author = Author(role="system", organisation=stored.source, client=QUEUE)
        asked = [
            Asked(UPDATE, each["resourceType"], each["id"], resource=each, expected=(version,), author=author, own=True)
            for each, version in zip(resources, (stored.version, 0), strict=False)
        ]
        await (self._writes.write(asked[0]) if len(asked) == 1 else self._writes.transaction(asked, _understand))


def outcome(delivery: Delivery, now: int) -> Delivery:
    """That something has become of a delivery, for the queue in which it is decided what follows."""
    state = delivery.ack if delivery.ack in (ACKNOWLEDGED, DENIED) else f"{delivery.state} {delivery.since}"
    id_ = delivery_id(QUEUE, OUTCOME, delivery.destination, delivery.id, state)
    concerns = f"{delivery.destination} {delivery.sequence}"
    known = QUEUE, id_, NOTICE, OUTCOME, NOTICE, now
    return Delivery(*known, 0, TYPE, delivery.resource, delivery.version, concerns, changed=now)


def recipient_of(said: Resource) -> Resource:
    """Who is to be told: a Communication that is told has one recipient."""
    return next(iter(dicts(said, "recipient")), {})


def _about(going: Going) -> tuple[str, str, str]:
    """Type and id of what they are told of, and the Patient whom it concerns."""
    about = next((text(each, "reference") for each in dicts(going.asked, "about")), "")
    type_, _, id_ = (about or f"{TYPE}/{going.stored.id}").partition("/")
    return type_, id_, text(going.asked.get("subject"), "reference").rpartition("/")[2]


def by(said: Resource, channel: str) -> Resource:
    """A Communication that has gone, or could not go, by a channel."""
    made = _kept(said)
    if channel not in tried(said):
        made["medium"] = [*dicts(said, "medium"), {"coding": [{"system": MEDIUM, "code": MEDIA[channel]}]}]
    return made


def _not_done(said: Resource, why: str) -> Resource:
    return _kept(said) | {"status": "not-done", "statusReason": {"coding": [{"system": NOT_TOLD, "code": why}]}}


def _meta(said: Resource) -> Resource:
    meta = said.get("meta", {})
    return {name: value for name, value in meta.items() if name in ("tag", "security", "profile")}


def _kept(said: Resource) -> Resource:
    made = {name: value for name, value in said.items() if name != "meta"}
    if meta := _meta(said):
        made["meta"] = meta
    return made


def _understand(type: str, text: str) -> Criteria:
    raise Problem("bad-parameter", detail="what is told refers to nothing by criteria")
