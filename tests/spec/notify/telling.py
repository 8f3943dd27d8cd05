"""An engine that tells people by e-mail and text message: a mail server and a gateway on loopback, a clock that is moved."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from interop.apply.acting.recipients import CLIENT
from interop.apply.asked import UPDATE, Asked, Author
from interop.clock import ManualClock
from interop.ports import Acknowledgement
from interop.rules.making import RULE
from interop.store.plan import Deliveries
from interop.store.values import PENDING, Delivery
from tests.spec.notify.mailserver import MailServer, mailing
from tests.spec.notify.receiving import Got, Receiver, receiving
from tests.spec.rules.acting import START, Acted, acting

TEMPLATE = "11111111-2222-3333-4444-555555555555"
SERVICE = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
SECRET = "99999999-8888-7777-6666-555555555555"
KEY = f"live-{SERVICE}-{SECRET}"
LINK = "https://record.example/notices"
NIGHT = START + 13 * 3_600_000_000
"""2026-01-05T23:00:00Z."""
MOBILE, MAIL = "07700900123", "named@care.example"


def unheard(said: Acknowledgement) -> Any:
    """Nothing is said of it on the connection."""
    raise AssertionError(said)


class Telephones:
    """What the gateway has: by reference the request; ``states`` by reference what it says of it."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.states: dict[str, str] = {}
        receiver.body = self._answer

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [each.json for each in self.receiver.got if each.method == "POST"]

    def _answer(self, got: Got) -> bytes:
        if got.method == "POST":
            reference = str(got.json["reference"])
            self.states.setdefault(reference, "sending")
            return orjson.dumps({"id": SERVICE, "reference": reference})
        (reference,) = parse_qs(urlsplit(got.path).query)["reference"]
        found = [{"reference": reference, "status": self.states[reference]}] if reference in self.states else []
        return orjson.dumps({"notifications": found})


class Told:
    """``here`` is the engine that acts; ``mail`` and ``telephones`` what has come there."""

    def __init__(self, here: Acted, mail: MailServer, telephones: Telephones) -> None:
        self.here, self.mail, self.telephones = here, mail, telephones
        self._number = 0

    async def put(self, resource: dict[str, Any]) -> None:
        answer = await self.here.http.put(f"/fhir/{resource['resourceType']}/{resource['id']}", json=resource)
        assert answer.is_success, answer.text

    async def communication(self, to: str, subject: str = "Patient/p1", **more: Any) -> str:
        """What a rule makes; its id."""
        self._number += 1
        made = {
            "resourceType": "Communication",
            "id": f"c{self._number}",
            "meta": {"tag": [{"system": RULE, "code": "admitted-told"}]},
            "status": "preparation",
            "category": [{"coding": [{"system": "urn:interop:codes:notify", "code": "admitted"}]}],
            "priority": "routine",
            "subject": {"reference": subject},
            "about": [{"reference": subject}],
            "recipient": [{"reference": to}],
            "payload": [{"contentString": "Somebody of yours is in hospital: open the record"}],
            **more,
        }
        await self.write(made)
        await self.quiet()
        return str(made["id"])

    async def write(self, resource: dict[str, Any], organisation: str = "", client: str = CLIENT) -> None:
        """Write something as the rules do unless told otherwise."""
        author = Author(role="system", organisation=organisation, client=client)
        asked = Asked(UPDATE, resource["resourceType"], resource["id"], resource=resource, author=author, own=True)
        await self.here.engine.workshop.writes.write(asked)

    async def read(self, id: str, type: str = "Communication") -> dict[str, Any]:
        answer = await self.here.http.get(f"/fhir/{type}/{id}")
        assert answer.status_code == 200, answer.text
        return dict(json.loads(answer.content))

    async def rows(self, queue: str, state: str = "") -> list[Delivery]:
        found: list[Delivery] = await self.here.engine.workshop.store.query(Deliveries(queue, state, count=500))
        return found

    async def quiet(self) -> None:
        """Until nothing is to be done at the time that it is."""
        await self.here.quiet()
        workers = self.here.engine.outgoing.deliverer.workers
        async with asyncio.timeout(30):
            while True:
                now, names = self.here.clock.now(), ("notices", "texts", "mail")
                if not [each for each in await self.rows("", PENDING) if each.destination in names and each.due <= now]:
                    return  # by one query: what is due passes from one to the other
                for name in names:
                    workers[name].wake()
                await asyncio.sleep(0.005)

    async def later(self, seconds: float) -> None:
        """Move the clock, then ask for receipts and do what is due."""
        self.here.clock.advance(seconds)
        for name in ("texts", "mail"):
            await self.here.engine.outgoing.deliverer.workers[name].look()
        await self.quiet()


def declared(directory: Path, mail: int, texts: str, more: str = "") -> Path:
    """A file of destinations with its secrets beside it."""
    (directory / "notify.key").write_text(KEY + "\n")
    file = directory / "destinations.toml"
    file.write_text(
        f'[mail]\nkind = "smtp"\naddress = "smtp://127.0.0.1:{mail}"\norganisation = "RA1"\nfrom = "care@us.example"\n'
        f'link = "{LINK}"\nservice = "the care team"\n{more}'
        f'[texts]\nkind = "sms"\naddress = "{texts}"\norganisation = "RA1"\ntoken = "notify.key"\ntemplate = "{TEMPLATE}"\n'
        f'link = "{LINK}"\nservice = "the care team"\n'
    )
    return file


@asynccontextmanager
async def told(
    directory: Path, clock: ManualClock | None = None, states: dict[str, str] | None = None, **more: Any
) -> AsyncIterator[Told]:
    """An engine with one Patient (p1) and one Practitioner (named) who have a mobile and a mailbox; ``states`` are those of
    what the gateway has from before."""
    async with mailing() as mail, receiving() as receiver:
        telephones = Telephones(receiver)
        telephones.states.update(states or {})
        file = declared(directory, mail.port, receiver.url.removesuffix("/in"))
        async with acting(directory / "data", clock, destinations=file, **more) as here:
            made = Told(here, mail, telephones)
            await made.put(person("Patient", "p1"))
            await made.put(person("Practitioner", "named"))
            yield made


def person(type: str, id: str, *telecom: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Somebody with a mobile, which comes first, and a mailbox unless told otherwise."""
    usual = (
        {"system": "phone", "value": MOBILE, "use": "mobile", "rank": 1},
        {"system": "email", "value": MAIL, "use": "work", "rank": 2},
    )
    return {
        "resourceType": type,
        "id": id,
        "name": [{"family": "Testone", "given": ["Laura"]}],
        "telecom": list(telecom or usual),
        **more,
    }
