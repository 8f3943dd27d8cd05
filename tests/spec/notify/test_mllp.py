"""A destination over MLLP is sent its messages on one connection; what it says of them later is matched to them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from interop.cli.main import app
from interop.notify.destinations import Destination
from interop.store.plan import Deliveries
from interop.store.values import Delivery
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, running, sender
from tests.spec.notify.listening import Listening, ack, listening
from tests.spec.notify.outbound import Opens, Outbound, opening
from tests.spec.notify.test_itk import rows, until
from tests.spec.security.certificates import Authority
from tests.spec.store.conftest import opener as opener
from tests.spec.store.conftest import place as place
from tests.spec.store.conftest import store as store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def receiver() -> AsyncIterator[Listening]:
    async with listening() as made:
        yield made


@pytest.fixture
async def out(store: Any, tmp_path: Path, receiver: Listening) -> AsyncIterator[Opens]:
    async with opening(
        store, tmp_path, lambda **settings: Destination("gp", "mllp", receiver.url, "RA1", settings=settings)
    ) as opens:
        yield opens


def enhanced(control: str = "C1", accept: str = "AL", application: str = "AL") -> bytes:
    """A message that asks for acknowledgements by MSH-15 and MSH-16."""
    return adt(control=control).replace(b"|2.4|||||GBR|", f"|2.4|||{accept}|{application}|GBR|".encode())


async def test_messages_go_on_one_connection_each_after_the_answer_to_the_one_before(out: Opens, receiver: Listening) -> None:
    one = await out(*(adt(control=f"C{number}") for number in range(5)))
    for _ in range(5):
        await one.step()
    assert receiver.controls == ["C0", "C1", "C2", "C3", "C4"]
    assert receiver.connections == 1
    assert {each.state for each in await rows(one)} == {"sent"}


async def test_a_connection_that_has_ended_is_opened_again_and_nothing_is_sent_twice(out: Opens, receiver: Listening) -> None:
    one = await out(adt(control="C0"), adt(control="C1"), adt(control="C2"))
    await one.step()
    await receiver.drop()
    await asyncio.sleep(0)
    for _ in range(4):
        one.clock.advance(1)
        await one.step()
    assert [each.state for each in await rows(one)] == ["sent", "sent", "sent"]
    assert receiver.controls == ["C0", "C1", "C2"]
    assert receiver.connections == 2


async def test_what_the_connection_did_not_answer_is_sent_again_on_a_new_one_before_anything_else(
    out: Opens, receiver: Listening
) -> None:
    receiver.answers = ["AA", "", "AA"]
    one = await out(adt(control="C0"), adt(control="C1"), adt(control="C2"))
    for _ in range(4):
        await one.step()
        one.clock.advance(1)
    assert receiver.controls == ["C0", "C1", "C1", "C2"]
    assert [(each.state, each.tries) for each in await rows(one)] == [("sent", 1), ("sent", 2), ("sent", 1)]


async def test_nobody_there_is_no_doubt_and_it_goes_on_when_they_are_back(out: Opens, receiver: Listening) -> None:
    await receiver.end()
    one = await out(adt())
    await one.step()
    [row] = await rows(one)
    assert (row.state, row.reason) == ("pending", "destination-unavailable")
    await receiver.begin()
    one.clock.advance(1)
    await one.step()
    assert [each.state for each in await rows(one)] == ["sent"]


async def test_over_tls_who_the_other_side_is_must_be_proved(store: Any, out: Opens, receiver: Listening, tmp_path: Path) -> None:
    authority, other = Authority(tmp_path / "ca", "Town"), Authority(tmp_path / "other", "Elsewhere")
    pair = authority.sign("localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    safe = Listening()
    await safe.begin(context)
    to = Destination("gp", "mllp", f"mllps://localhost:{safe.port}", "RA1", authorities=other.certificate)
    plain = await out(adt(control="C1"), adt(control="C2"))
    one = Outbound(store, tmp_path / "one", to)
    await one.step()
    [row, _] = await rows(one)
    assert (row.state, row.reason, safe.got) == ("pending", "destination-unavailable", [])
    trusted = Outbound(store, tmp_path / "trusted", replace(to, authorities=authority.certificate))
    trusted.clock.advance(1)
    await trusted.step()
    await trusted.step()
    assert (safe.controls, safe.connections) == (["C1", "C2"], 1)
    assert receiver.got == []
    for each in (one, trusted):
        await each.close()
    assert plain.worker.name == "gp"
    await safe.end()


@pytest.mark.parametrize(
    ("code", "err", "state", "reason"),
    [
        ("AE", "", "shelved", "destination-refused"),
        ("AE", "ERR|||207", "shelved", "destination-refused"),
        ("AR", "", "pending", "destination-unavailable"),
        ("AR", "ERR|||207^Application internal error", "pending", "destination-unavailable"),
        ("AR", "ERR|||201", "shelved", "destination-refused"),
        ("AR", "ERR|MSH^1^9^201&Unsupported event code&HL70357", "shelved", "destination-refused"),
        ("AR", "ERR|^^^199&Other HL7 error&HL70357", "shelved", "destination-refused"),
        ("AR", "ERR|||207||too-large", "shelved", "destination-refused"),
        ("CE", "", "pending", "destination-unavailable"),
        ("CE", "ERR|||207||journal-unavailable", "pending", "destination-unavailable"),
        ("CE", "ERR|||206", "pending", "destination-unavailable"),
        ("CE", "ERR|^^^207&Application internal error&HL70357", "pending", "destination-unavailable"),
        ("CE", "ERR|||102", "shelved", "destination-refused"),
        ("CR", "", "shelved", "destination-refused"),
        ("CR", "ERR|||203", "shelved", "destination-refused"),
        ("CR", "ERR|||207||feed-stopped", "pending", "destination-unavailable"),
    ],
)
async def test_what_is_refused_at_once_is_of_the_class_of_its_code_and_of_what_was_wrong(
    out: Opens, receiver: Listening, code: str, err: str, state: str, reason: str
) -> None:
    """A destination that could not commit it, or that is full, takes it later; one that cannot read it never does."""
    receiver.answers, receiver.err = [code], err
    one = await out(adt())
    await one.step()
    [row] = await rows(one)
    assert (row.state, row.reason, row.ack) == (state, reason, "")


async def test_in_original_mode_nothing_more_is_awaited(out: Opens, receiver: Listening) -> None:
    one = await out(adt())
    await one.step()
    assert [(each.state, each.ack, each.tracking) for each in await rows(one)] == [("sent", "", "")]


async def test_in_enhanced_mode_the_application_says_later_what_became_of_it(out: Opens, receiver: Listening) -> None:
    receiver.answers = ["CA"]
    one = await out(enhanced())
    await one.step()
    assert [(each.state, each.ack, each.tracking) for each in await rows(one)] == [("sent", "awaited", "C1")]


@pytest.mark.parametrize(
    ("code", "state", "said"), [("AA", "sent", "acknowledged"), ("AE", "shelved", "refused"), ("AR", "shelved", "refused")]
)
async def test_it_may_say_so_on_the_same_connection(out: Opens, receiver: Listening, code: str, state: str, said: str) -> None:
    receiver.answers, receiver.more = ["CA"], lambda body: [ack(body, code)]
    one = await out(enhanced(), enhanced("C2"))
    await one.step()
    await one.step()
    async with asyncio.timeout(10):
        while {(each.state, each.ack, each.code) for each in await rows(one)} != {(state, said, code)}:
            await asyncio.sleep(0.01)


async def test_who_answers_at_application_level_at_once_has_said_all(out: Opens, receiver: Listening) -> None:
    one = await out(enhanced(accept="NE"))
    await one.step()
    assert [(each.state, each.ack, each.code) for each in await rows(one)] == [("sent", "acknowledged", "AA")]


async def test_where_errors_alone_are_told_nothing_is_awaited_and_an_error_counts(out: Opens, receiver: Listening) -> None:
    receiver.answers, receiver.more = ["CA"], lambda body: []
    one = await out(enhanced(application="ER"))
    await one.step()
    assert [(each.state, each.ack) for each in await rows(one)] == [("sent", "")]
    from adapters.hl7v2.courier import acknowledgement

    said = acknowledgement(ack(enhanced(), "AE"))
    assert said is not None
    assert await one.deliverer.returned(said)
    assert [(each.state, each.ack, each.code) for each in await rows(one)] == [("shelved", "refused", "AE")]


async def test_where_nobody_knows_which_destination_says_so_none_is_meant(
    store: Any, out: Opens, receiver: Listening, tmp_path: Path
) -> None:
    """The same message was sent to two; the acknowledgement tells its sender, or it counts for neither."""
    from adapters.hl7v2.courier import acknowledgement

    receiver.answers = ["CA"]
    one = await out(enhanced())
    other = Outbound(store, tmp_path / "other", Destination("lab", "mllp", receiver.url, "RX2"))
    [row] = await rows(one)
    await store.commit(_again(row, "lab"))
    await one.step()
    await other.step()
    one.deliverer.declare({"lab": Destination("lab", "mllp", receiver.url, "RX2")})
    unnamed = acknowledgement(ack(enhanced(), "AA", facility=""))
    named = acknowledgement(ack(enhanced(), "AA", facility="RX2"))
    assert unnamed is not None
    assert named is not None
    with capture_logs():
        assert not await one.deliverer.returned(unnamed)
    assert await one.deliverer.returned(named)
    assert sorted((each.destination, each.ack) for each in await rows(one)) == [("gp", "awaited"), ("lab", "acknowledged")]
    await other.close()


def _again(row: Delivery, name: str) -> Any:
    from interop.store.values import Change

    return Change(deliveries=[row._replace(destination=name, id=f"{name}-{row.id}")])


@pytest.mark.long
async def test_an_application_acknowledgement_comes_as_a_message_of_its_own_to_our_port(
    tmp_path: Path, receiver: Listening
) -> None:
    receiver.answers = ["CA"]
    to = tmp_path / "destinations.toml"
    to.write_text(f'[itk-route]\nkind = "mllp"\naddress = "{receiver.url}"\norganisation = "A99901"\n')
    async with running(tmp_path / "data", destinations=to) as engine, client(engine) as http:
        await http.post("/ingest/hl7v2?wait=applied", content=enhanced())
        [got] = await receiver.until(1)
        await until(engine, ("sent", "awaited"))
        async with sender(engine.mllp) as line:
            answer = await line.ask(ack(got, "AE", more="AL"))
            assert answer is not None
            assert answer.code == "CA"
            await until(engine, ("shelved", "refused"))
            stray = await line.ask(ack(got.replace(b"|C1|", b"|C9|"), "AA", more="AL"))
            assert stray is not None
            assert stray.code == "CE"
        [line_] = (await http.get("/deliveries/itk-route")).json()["deliveries"]
        assert line_["acknowledgement"] == {"state": "refused", "code": "AE"}
        found: list[Delivery] = await engine.workshop.store.query(Deliveries())
        assert len(found) == 1
        url = f"http://127.0.0.1:{engine.http}"
        shown = await asyncio.to_thread(CliRunner().invoke, app, ["deliveries", "list", "itk-route", "--url", url])
        assert "Acknowledgement: refused (AE)." in shown.output
        assert "said later that it cannot use it" in shown.output


async def test_how_many_are_to_be_acknowledged_is_told_by_command_and_figures(tmp_path: Path, receiver: Listening) -> None:
    receiver.answers = ["CA"]
    to = tmp_path / "destinations.toml"
    to.write_text(f'[itk-route]\nkind = "mllp"\naddress = "{receiver.url}"\norganisation = "A99901"\n')
    async with running(tmp_path / "data", destinations=to) as engine, client(engine) as http:
        await http.post("/ingest/hl7v2?wait=applied", content=enhanced())
        await until(engine, ("sent", "awaited"))
        shown = await asyncio.to_thread(CliRunner().invoke, app, ["deliveries", "queues", "--url", str(http.base_url)])
        headings, line = shown.stdout.splitlines()
        assert headings.split()[-3:] == ["awaited", "since", "missing"]
        assert line.split()[-1] == "0"
        for said, there in (("awaited", True), ("missing", False)):
            command = ["deliveries", "list", "itk-route", "--acknowledgement", said, "--url", str(http.base_url)]
            shown = await asyncio.to_thread(CliRunner().invoke, app, command)
            assert ("Acknowledgement: awaited until " in shown.output) is there
        assert (await http.get("/deliveries/itk-route?acknowledgement=odd")).status_code == 400
        figures = (await http.get("/metrics")).text
        assert 'interop_acknowledgements{destination="itk-route",state="awaited"} 1.0' in figures
