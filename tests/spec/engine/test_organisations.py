"""Whose a message is: feeds that belong to an organisation, what their messages may claim, and whose a resource is that several
have contributed to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import orjson
import pytest

from interop.app.engine import Engine
from interop.app.feeds import read_feeds
from interop.ports import Feed
from interop.record.sources import source_of, together
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Heads, Search
from interop.store.values import Stored
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, ingest, journal, settings, tell

pytestmark = pytest.mark.anyio
BOUND = {
    "hl7v2": Feed("hl7v2", "hl7v2", test_numbers=True, organisation="RXX", also=(("RXX01", "RXX"), ("RYY", "RYY"))),
    "open": Feed("open", "hl7v2", test_numbers=True),
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def sources(engine: Engine, type: str = "Patient") -> list[str]:
    """The sources of all resources of a type, as the fold and as readers see them."""
    found: list[Stored] = await engine.workshop.store.query(Search(PERMIT_ALL, type, None, (), 100))
    heads = await engine.workshop.store.query(Heads(tuple((type, one.id) for one in found)))
    assert sorted(head.source for head in heads) == sorted(one.source for one in found)
    return sorted(head.source for head in heads)


def by(body: bytes, organisation: str) -> bytes:
    """A message that claims another organisation (MSH-4)."""
    fields = body.split(b"|")
    fields[3] = organisation.encode()
    return b"|".join(fields)


@pytest.mark.parametrize(
    ("bound", "also", "claimed", "source"),
    [
        ("RXX", (), "RXX", "RXX"),
        ("RXX", (), "", "RXX"),
        ("RXX", (), "rxx", "RXX"),
        ("", (), "RXX", "RXX"),
        ("", (), "", "feed:ward"),
        ("", (), "Moorside, East  wing", "Moorside East wing"),
        ("RXX", (("RXX01", "RXX"),), "RXX01", "RXX"),
        ("RXX", (("MOORSIDE", "RXX"),), "Moorside", "RXX"),
        ("RXX", (("RYY", "RYY"),), "RYY", "RYY"),
        ("RXX", (), "RYY", "RXX"),
    ],
)
def test_a_message_is_of_the_organisation_that_its_feed_speaks_for(
    bound: str, also: tuple[tuple[str, str], ...], claimed: str, source: str
) -> None:
    """The last is refused before it is mapped; no table of sources hangs on that."""
    assert source_of("ward", bound, also, claimed) == source


def test_sources_are_a_set_in_order() -> None:
    assert together("", "RYY") == "RYY"
    assert together("RYY", "RXX") == together("RXX", "RYY") == together("RXX,RYY", "RYY") == "RXX,RYY"


@asynccontextmanager
async def owned(data: Path) -> AsyncIterator[tuple[Engine, httpx.AsyncClient]]:
    """An engine with these feeds."""
    engine = await Engine.start(settings(data), declared=BOUND)
    try:
        async with client(engine) as http:
            yield engine, http
    finally:
        await engine.stop()


async def test_resources_have_the_source_of_the_messages_that_made_them(tmp_path: Path) -> None:
    """Whatever name the message has for it that the feed is known by."""
    async with owned(tmp_path / "data") as (engine, http):
        assert (await ingest(http, by(adt(), "RXX01"))).status_code == 200
        assert await sources(engine, "Patient") == await sources(engine, "Encounter") == ["RXX"]


async def test_a_feed_of_nobody_gives_what_its_messages_say(tmp_path: Path) -> None:
    async with owned(tmp_path / "data") as (engine, http):
        assert (await ingest(http, by(adt(), "RZZ"), "open")).status_code == 200
        assert await sources(engine) == ["RZZ"]
        assert (await ingest(http, by(adt(control="C2", local="L2"), ""), "open")).status_code == 200
        assert await sources(engine) == ["RZZ", "feed:open"]


PRACTICE = "PD1|||MILL LANE SURGERY^^B83012\r"


def shared(control: str, visit: str, practice: str = PRACTICE) -> bytes:
    """A message that speaks of a practice by its national code, as other senders do: one Organization, whoever tells of it."""
    return adt(control=control, visit=visit, local=f"L{visit}").replace(b"PV1|", practice.encode() + b"PV1|")


@pytest.mark.parametrize("practice", [PRACTICE, PRACTICE.replace("MILL LANE", "MILL ROAD")], ids=["the same", "another name"])
async def test_what_several_have_contributed_to_is_of_all_of_them(practice: str, tmp_path: Path) -> None:
    """Also where the second says of it what the first has said: when the first takes it back, it is still there."""
    async with owned(tmp_path / "data") as (engine, http):
        assert (await ingest(http, by(shared("C1", "V1"), "RXX"))).status_code == 200
        assert "RXX" in await sources(engine, "Organization")
        assert (await ingest(http, by(shared("C2", "V2", practice), "RZZ"), "open")).status_code == 200
        assert "RXX,RZZ" in await sources(engine, "Organization")
        assert await sources(engine, "Patient") == await sources(engine, "Encounter") == ["RXX", "RZZ"]


async def test_a_record_made_again_is_of_the_same(tmp_path: Path) -> None:
    types = ("Patient", "Encounter", "Organization")
    async with owned(tmp_path / "data") as (engine, http):
        for body, feed in (
            (by(shared("C1", "V1"), "RYY"), "hl7v2"),
            (by(shared("C2", "V2"), "RZZ"), "open"),
            (by(adt(control="C3"), ""), "hl7v2"),
        ):
            assert (await ingest(http, body, feed)).status_code == 200
        before = [await sources(engine, type) for type in types]
    for name in (tmp_path / "data").glob("record.sqlite*"):
        name.unlink()
    async with owned(tmp_path / "data") as (engine, _):
        await engine.workshop.dispatcher.idle.wait()
        assert [await sources(engine, type) for type in types] == before
    assert before[0] == ["RXX", "RYY", "RZZ"]
    assert "RYY,RZZ" in before[2]


async def test_a_message_of_another_organisation_is_refused_and_kept(tmp_path: Path) -> None:
    """AR over MLLP, 403 over HTTP; nothing of it gets into the record."""
    async with owned(tmp_path / "data") as (engine, http):
        (said,) = await tell(engine, by(adt(), "RZZ"))
        assert said is not None
        assert said.code == "AR"
        answer = await ingest(http, by(adt(control="C2"), "RZZ"))
        assert answer.status_code == 403
        assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "wrong-organisation"
        entries = await journal(engine)
        assert [(entry.state, entry.reason, entry.where) for entry in entries] == [("refused", "wrong-organisation", "MSH-4")] * 2
        assert await sources(engine) == []


HEAD = "feed,adapter,ack,test_numbers,description"


def test_a_feeds_file_says_whose_a_feed_is(tmp_path: Path) -> None:
    """With or without the columns; snapshots stay where they were."""
    file = tmp_path / "feeds.csv"
    file.write_text(f"{HEAD}\nward,hl7v2,journalled,no,A ward\n")
    assert read_feeds(file) == {"ward": Feed("ward", "hl7v2", "A ward")}
    print_ = "ab" * 32
    file.write_text(
        f"{HEAD},organisation,also,certificate\n"
        f"ward,hl7v2,applied,yes,A ward,rxx,RXX01=RXX; East Wing=RXX;ryy,sha256:{print_.upper()} cn:ward.example\n"
    )
    (ward,) = read_feeds(file).values()
    assert (ward.organisation, ward.also) == ("RXX", (("RXX01", "RXX"), ("East Wing", "RXX"), ("RYY", "RYY")))
    assert ward.certificates == (f"sha256:{print_}", "cn:ward.example")


@pytest.mark.parametrize(
    ("columns", "row", "said"),
    [
        (",organisation", ",R X", "no ODS code"),
        (",also", ",East Wing", "no ODS code"),
        (",certificate", ",ward.example", "certificate is named as"),
        (",organisation,organisation", ",RXX,RXX", "columns must be"),
        (",owner", ",RXX", "columns must be"),
    ],
)
def test_a_feeds_file_that_cannot_be_right_is_refused(columns: str, row: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "feeds.csv"
    file.write_text(f"{HEAD}{columns}\nward,hl7v2,journalled,no,A ward{row}\n")
    with pytest.raises(ValueError, match=said):
        read_feeds(file)


def test_a_certificate_is_of_one_feed(tmp_path: Path) -> None:
    file = tmp_path / "feeds.csv"
    lines = [f"{name},hl7v2,journalled,no,,cn:ward" for name in ("one", "other")]
    file.write_text("\n".join([f"{HEAD},certificate", *lines, ""]))
    with pytest.raises(ValueError, match="line 3: cn:ward is the certificate of the feed one"):
        read_feeds(file)


async def test_a_telephone_that_another_feed_tells_takes_away_no_mailbox_of_a_practice(tmp_path: Path) -> None:
    """People are told there."""
    practice = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A99901"}
    told = {"directory": ("email", "post@surgery.example"), "board": ("phone", "01632960011")}
    feeds = {name: Feed(name, "r4", organisation="RXX", also=((f"https://{name}.example/R4", "RXX"),)) for name in told}
    engine = await Engine.start(settings(tmp_path / "data"), declared=feeds)
    try:
        async with client(engine) as http:
            for name, (system, value) in told.items():
                base = f"https://{name}.example/R4"
                said = {"resourceType": "Organization", "id": "surgery", "identifier": [practice]}
                said |= {"telecom": [{"system": system, "value": value}]}
                entry = [{"fullUrl": f"{base}/Organization/surgery", "resource": said}]
                bundle = {"resourceType": "Bundle", "meta": {"source": base}, "type": "collection", "entry": entry}
                assert (await ingest(http, orjson.dumps(bundle), name)).is_success
            (found,) = [orjson.loads(each.body) async for each in engine.workshop.store.stream(Search(PERMIT_ALL, "Organization"))
                        if b"A99901" in each.body]  # fmt: skip
        assert sorted((each["system"], each["value"]) for each in found["telecom"]) == sorted(told.values())
    finally:
        await engine.stop()
