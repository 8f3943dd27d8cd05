"""A story told to a running engine, and what comes out of it, watched.

    async with telling("laura", tmp_path) as story:
        await story.agree(OAKSHAW, LOCALITY)
        await story.sends(PRACTICE_SYSTEM, "Laura's record", body, says=[...])
        await story.passes("nobody goes", told=[(TEAM, "urgent-response warned")], minutes=90)

The engine acts by our rules, asks everybody to sign on, and wants consent and agreements; its clock is the story's. Each step is a
call over a real port by an actor of ``cast.py`` with their own token: ``sends`` a message of a feed (``port``: HTTP
``/ingest``, MLLP, ``/itk``, ``/itk3``, ``/bars``), ``asks`` by FHIR and gets an answer, ``refused`` gets none, ``passes`` time.

After each step the story waits until the engine has nothing more to do at that time and looks at all that has come of it: e-mails
(a real server on loopback), text messages (a gateway there), posts to watched destinations, Tasks, Flags and proposals of rules,
the state of clocks. Each step says what that is, exactly: ``told`` who is told (actor, rule), ``made`` what rules and clocks have
made (``rule -> whom``, ``clock: state``). What is not said and comes all the same fails the test, and so does what does not come.
An e-mail that reaches a mailbox of nobody in the story fails it too.

``story.steps`` is the page: ``page.py`` makes a diagram and a table of it. A story is a module with ``TITLE``, ``ABOUT``, ``SHORT``
(what falls short) and ``async def story(directory) -> list[Step]``; ``writing.py`` lists them and writes the pages
(``python -m tests.spec.workflows.writing``), its test fails where a page is another.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import orjson

from interop.app.engine import Engine
from interop.apply.telling.telling import UNTOLD
from interop.clock import MICROSECONDS, ManualClock
from interop.fhir.shapes import dicts
from interop.ports import MessageState
from interop.rules.making import RULE, WORKLIST
from interop.signon.issuer import OwnIssuer, default_scope
from interop.signon.keyfile import own_keys
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Search
from interop.store.values import Stored
from tests.spec.engine.running import client, journal, quiet, sender, settings
from tests.spec.notify.mailserver import MailServer, mailing
from tests.spec.notify.receiving import Receiver, receiving
from tests.spec.notify.telling import KEY, TEMPLATE, Telephones
from tests.spec.rules.acting import START
from tests.spec.workflows.cast import DESK, ENGINE, FEEDS, OPERATOR, Actor

LONDON = ZoneInfo("Europe/London")
CLOCK = "urn:interop:codes:clock"
NOTES = "urn:interop:codes:clock-note"
LINK = "https://record.example/notices"
ACCEPT = {"content-type": "application/fhir+json"}
WORKLISTS = {"co-ordination": DESK.name, "mdt": "Review list", "information-governance": "Information governance"}
Told = Iterable[tuple[Actor, str]]


@dataclass
class Step:
    """One thing that somebody does, and what came of it: ``told`` and ``made`` as the story says them."""

    when: str
    who: str
    what: str
    port: str = ""
    answer: str = ""
    told: list[tuple[str, str, str]] = field(default_factory=list)
    """Whom, how, by which rule."""
    made: list[str] = field(default_factory=list)


class Story:
    """``people`` are those who may be told, by mailbox; ``hooks`` the receivers of destinations, by name."""

    def __init__(
        self, engine: Engine, http: httpx.AsyncClient, clock: ManualClock, mail: MailServer, telephones: Telephones
    ) -> None:
        self.engine, self.http, self.clock, self.mail, self.telephones = engine, http, clock, mail, telephones
        self.steps: list[Step] = []
        self.people: dict[str, Actor] = {}
        self.hooks: dict[str, tuple[Actor, Receiver]] = {}
        self.ids: dict[str, str] = {}
        """What the story calls resources: their ids."""
        self._mails = self._texts = 0
        self._posts: dict[str, int] = {}
        self._seen: dict[str, str] = {}

    # Who is there

    async def agree(self, *sources: str, partners: Iterable[str] = ("",), purpose: str = "direct-care") -> None:
        """Organisations share what they contribute, with everyone who takes part unless partners are named."""
        for source in sources:
            for each in [one for one in partners if one != source]:
                await self._operation(
                    OPERATOR, "/fhir/$agreement", {"source": source, "purpose": purpose} | ({"partner": each} if each else {})
                )

    async def staff(self, *actors: Actor) -> None:
        """Clinicians are in the directory, each with their mailbox."""
        for each in actors:
            self.people[each.mail] = each
            telecom = [{"system": "email", "value": each.mail, "use": "work"}]
            made = await self._created(
                OPERATOR, {"resourceType": "Practitioner", "name": [{"text": each.name}], "telecom": telecom}
            )
            self.ids[each.name] = made["id"]

    async def consents(self, takes: Actor, patient: str, **said: str) -> None:
        """Somebody takes down that a person wants the record shared."""
        await self._operation(takes, f"/fhir/Patient/{patient}/$record-consent", {"decision": "given", **said})

    async def patients(self, number: str) -> list[str]:
        """The ids of whoever has an NHS number, as the record has them."""
        found = [each async for each in self.engine.workshop.store.stream(Search(PERMIT_ALL, "Patient"))]
        return sorted(each.id for each in found if number.encode() in each.body and not each.deleted)

    async def has(self, type: str, words: str) -> str:
        """The id of the only resource of a type in which these words stand."""
        found = [each async for each in self.engine.workshop.store.stream(Search(PERMIT_ALL, type))]
        (one,) = {str(each.id) for each in found if words.encode() in each.body and not each.deleted}
        return one

    # What they do

    async def sends(
        self,
        who: Actor,
        what: str,
        body: bytes,
        *,
        port: str = "",
        told: Told = (),
        made: Iterable[str] = (),
        accepted: Callable[[httpx.Response], bool] = lambda answer: answer.is_success,
    ) -> None:
        """A message by its own port, until the rules have acted on it."""
        await self._before()
        if port == "MLLP":
            async with sender(self.engine.mllp) as line:
                ack = await line.ask(body)
            assert ack is not None
            assert ack.code == "AA", ack
            await self._after(Step(self._now(), who.name, what, "HL7 v2 over MLLP", "AA"), told, made)
            return
        path = port or f"/ingest/{who.feed}?wait=applied"
        answer = await self.http.post(path, content=body, headers=self._signed(who) | self._heads(port))
        assert accepted(answer), answer.text
        await self._after(Step(self._now(), who.name, what, f"{_family(who)}, `{path.partition('?')[0]}`"), told, made)

    def _heads(self, port: str) -> dict[str, str]:
        """What the protocol of a port wants in the head of a request."""
        if port.startswith("/bars"):
            return {"x-request-id": str(UUID(int=len(self.steps))), "x-correlation-id": str(UUID(int=1 << 64))} | ACCEPT
        return {"content-type": "text/xml; charset=utf-8"} if port == "/itk" else {}

    async def asks(
        self,
        who: Actor,
        what: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        answer: Callable[[Any], str] = lambda answer: "",
        told: Told = (),
        made: Iterable[str] = (),
        headers: dict[str, str] | None = None,
    ) -> Any:
        """A call of FHIR by somebody who has signed on; ``answer`` says of what came back what it tells, and holds it to that."""
        await self._before()
        came = await self._call(who, method, path, body, headers)
        assert came.is_success, came.text
        said = orjson.loads(came.content) if came.content else None
        step = Step(self._now(), who.name, what, f"FHIR, {self._shown(method, path)}", answer(said))
        await self._after(step, told, made)
        return said

    async def refused(self, who: Actor, what: str, method: str, path: str, body: Any = None, *, answer: str = "") -> None:
        """A call that is answered as if there were nothing, or not at all."""
        await self._before()
        came = await self._call(who, method, path, body, None)
        assert came.status_code in (403, 404), came.text
        words = answer or ("not found" if came.status_code == 404 else "forbidden")
        await self._after(Step(self._now(), who.name, what, f"FHIR, {self._shown(method, path)}", words), (), ())

    async def passes(self, what: str, *, told: Told = (), made: Iterable[str] = (), minutes: float = 0, **more: float) -> None:
        """Time: the clock is moved, nobody does anything."""
        await self._before()
        hours = more.get("hours", 0) + 24 * more.get("days", 0)
        self.clock.advance(60 * minutes + 3600 * hours)
        await self._after(Step(self._now(), "", what), told, made)

    async def until(self, what: str, when: str, *, told: Told = (), made: Iterable[str] = ()) -> None:
        """Time, until it is ``2026-01-05T14:00`` in London."""
        at = datetime.fromisoformat(when).replace(tzinfo=LONDON).timestamp()
        await self.passes(what, told=told, made=made, minutes=(at - self.clock.now() / MICROSECONDS) / 60)

    def named(self, name: str, id: str) -> str:
        """An id, which the page does not tell."""
        self.ids[name] = id
        return id

    def local(self) -> datetime:
        """The story's time in London, without its zone."""
        return datetime.fromtimestamp(self.clock.now() // MICROSECONDS, LONDON).replace(tzinfo=None)

    def instant(self) -> str:
        """The story's time as FHIR has it."""
        return datetime.fromtimestamp(self.clock.now() // MICROSECONDS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    # How it is done

    def _signed(self, who: Actor) -> dict[str, str]:
        claims = {
            "sub": who.user,
            "role": who.role,
            "organisation": who.organisation,
            "feed": who.feed,
            "client_id": who.user if who.role == "feed" else "portal",
            "scope": default_scope(who.role, who.patient),
            "patient": who.patient,
        }
        now = self.clock.now() / MICROSECONDS
        token = OwnIssuer().issue(own_keys(self.engine.settings.data), claims, now=now, seconds=600)
        return {"authorization": f"Bearer {token}"}

    async def _call(self, who: Actor, method: str, path: str, body: Any, headers: dict[str, str] | None) -> httpx.Response:
        content = None if body is None else orjson.dumps(body)
        return await self.http.request(
            method, path, content=content, headers=self._signed(who) | (ACCEPT if body is not None else {}) | (headers or {})
        )

    async def _created(self, who: Actor, resource: dict[str, Any]) -> dict[str, Any]:
        came = await self._call(who, "POST", f"/fhir/{resource['resourceType']}", resource, None)
        assert came.is_success, came.text
        await self.quiet()
        return dict(orjson.loads(came.content))

    async def _operation(self, who: Actor, path: str, said: dict[str, str]) -> None:
        parameters = [{"name": name, "valueCode" if name == "decision" else "valueString": value} for name, value in said.items()]
        came = await self._call(who, "POST", path, {"resourceType": "Parameters", "parameter": parameters}, None)
        assert came.is_success, came.text
        await self.quiet()

    def _now(self) -> str:
        local = self.local()
        return f"{local:%a} {local.day} {local:%b} {local:%H:%M}"

    def _shown(self, method: str, path: str) -> str:
        """An address as the page tells it: ids that were made are told by what they are of."""
        bare = path.partition("?")[0]
        for id in sorted({*self.ids.values()}, key=len, reverse=True):
            bare = bare.replace(id, "[id]")
        return f"`{method} {bare}`"

    async def quiet(self) -> None:
        """Until every message is applied and neither rules, clocks nor queues have anything to do at the time that it is."""
        if self.hooks:
            await self.engine.audited.tick()  # alerts of the privacy officer's queue
        await quiet(self.engine)

    async def _before(self) -> None:
        """Nothing is left of what was before the first step."""
        await self.quiet()
        if not self.steps:
            await self._made()

    async def _after(self, step: Step, told: Told, made: Iterable[str]) -> None:
        await self.quiet()
        step.told, step.made = await self._told(), await self._made()
        self.steps.append(step)
        assert sorted((whom, rule) for whom, _, rule in step.told) == sorted((whom.name, rule) for whom, rule in told), step
        assert step.made == sorted(made), step
        lost = [each for each in await journal(self.engine) if each.state in (MessageState.FAILED, MessageState.SHELVED)]
        assert not lost, [(each.message, each.feed, each.reason) for each in lost]

    async def _told(self) -> list[tuple[str, str, str]]:
        """Who has been told since: whom, how, by which rule."""
        told = []
        for mail in self.mail.got[self._mails :]:
            told.append((self.people[mail.to].name, "e-mail", await self._rule(mail.message.get_content())))
        for each in self.telephones.sent[self._texts :]:
            told.append(
                (self.people[each["phone_number"]].name, "text message", await self._rule(each["personalisation"]["message"]))
            )
            self.telephones.states[each["reference"]] = "delivered"
        self._mails, self._texts = len(self.mail.got), len(self.telephones.sent)
        for name, (actor, receiver) in self.hooks.items():
            told += [
                (actor.name, " ".join(("webhook", got.json.get("resourceType", ""))).strip(), f"route {name}")
                for got in self._new(name, receiver)
            ]
        return sorted(told)

    def _new(self, name: str, receiver: Receiver) -> list[Any]:
        before, self._posts[name] = self._posts.get(name, 0), len(receiver.got)
        return receiver.got[before:]

    async def _rule(self, text: str) -> str:
        """The rule, or the clock and its step, by which somebody is told; what goes out itself names neither."""
        (link,) = [word for word in text.split() if word.startswith(LINK)]
        said = await self._read("Communication", link.partition("?notice=")[2].rstrip("."))
        notes = [each["code"] for topic in dicts(said, "category") for each in dicts(topic, "coding") if each["system"] == NOTES]
        for each in (*dicts(said, "about"), *dicts(said, "basedOn"), *dicts(said, "partOf")):
            type_, _, id_ = each.get("reference", "").partition("/")
            if notes and type_ == "Task":
                return f"{_clock(await self._read(type_, id_))} {notes[0]}"
        return _tag(said)

    async def _read(self, type: str, id: str) -> dict[str, Any]:
        async for each in self.engine.workshop.store.stream(Search(PERMIT_ALL, type)):
            if each.id == id:
                return dict(orjson.loads(each.body))
        raise KeyError(f"{type}/{id}")

    async def _made(self) -> list[str]:
        """What rules have made or ended since, and what has become of clocks."""
        found = []
        for type_ in ("Task", "Flag", "ServiceRequest"):
            stored: list[Stored] = [each async for each in self.engine.workshop.store.stream(Search(PERMIT_ALL, type_))]
            for each in stored:
                said = _worded(orjson.loads(each.body)) if not each.deleted else ""
                if said and self._seen.get(f"{type_}/{each.id}") != said:
                    self._seen[f"{type_}/{each.id}"] = said
                    found.append(said)
        return sorted(found)


def _worded(resource: dict[str, Any]) -> str:
    """What a resource of a rule is, in a line; '' for what people have written."""
    rule, clock = _tag(resource), _clock(resource)
    if clock:
        state = resource["businessStatus"]["coding"][0]["code"]
        return f"clock {clock}: {state}"
    if not rule:
        return ""
    if resource["resourceType"] == "Flag":
        return f"{rule}: flag"
    named = dicts(resource, "performerType") or [resource.get("performerType", {})]
    if any(each["code"] == UNTOLD for each in dicts(resource.get("code", {}), "coding")):
        rule = f"{rule} {UNTOLD}"
    lists = [each["code"] for one in named for each in dicts(one, "coding") if each.get("system") == WORKLIST]
    whom = WORKLISTS[lists[0]] if lists else resource.get("owner", {}).get("reference", "").partition("/")[0]
    open_ = resource["status"] in ("requested", "draft")
    return f"{rule} -> {whom}" + ("" if open_ else f": {resource['status']}")


def _tag(resource: dict[str, Any]) -> str:
    return next((each["code"] for each in dicts(resource.get("meta", {}), "tag") if each.get("system") == RULE), "")


def _clock(resource: dict[str, Any]) -> str:
    codings = dicts(resource.get("code", {}), "coding")
    return next((each["code"] for each in codings if each.get("system") == CLOCK), "")


def _family(who: Actor) -> str:
    names = {"openhr": "OpenHR", "nhs111": "ITK CDA", "bars": "BaRS", "documents": "ITK3", "r4": "FHIR R4", "hl7v2": "HL7 v2"}
    return names[FEEDS[who.feed].adapter] if who.feed else "a page"


@asynccontextmanager
async def telling(directory: Path, *hooks: tuple[str, str, Actor]) -> AsyncIterator[Story]:
    """An engine to which a story is told; ``hooks`` are watched destinations: name, routes, who is at the other end."""
    clock = ManualClock(START)
    async with AsyncExitStack() as stack:
        mail, gateway = await stack.enter_async_context(mailing()), await stack.enter_async_context(receiving())
        telephones = Telephones(gateway)
        lines = [
            f'[mail]\nkind = "smtp"\naddress = "smtp://127.0.0.1:{mail.port}"\norganisation = "{DESK.organisation}"\n'
            f'from = "care@record.example"\nlink = "{LINK}"\nservice = "the shared record"\n',
            f'[texts]\nkind = "sms"\naddress = "{gateway.url.removesuffix("/in")}"\norganisation = "{DESK.organisation}"\n'
            f'token = "notify.key"\ntemplate = "{TEMPLATE}"\nlink = "{LINK}"\nservice = "the shared record"\n',
        ]
        (directory / "notify.key").write_text(KEY + "\n")
        watched = {}
        for name, routes, actor in hooks:
            receiver = await stack.enter_async_context(receiving())
            watched[name] = (actor, receiver)
            named = f'[{name}]\nkind = "webhook"\naddress = "{receiver.url}"\norganisation = "{actor.organisation}"\n'
            lines.append(named + (f'routes = "{routes}"\n' if routes else ""))
        file = directory / "destinations.toml"
        file.write_text("\n".join(lines))
        more = {"rules": Path("ours"), "destinations": file, "mllp_feed": "hospital", "open": False}
        engine = await Engine.start(settings(directory / "data", **more), clock, declared=FEEDS)
        stack.push_async_callback(engine.stop)
        http = await stack.enter_async_context(client(engine))
        made = Story(engine, http, clock, mail, telephones)
        made.hooks = watched
        yield made


__all__ = ["ENGINE", "Step", "Story", "telling"]
