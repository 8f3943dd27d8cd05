"""A destination over MESH is sent what is due from a mailbox; what became of it is followed. An inbox can be pulled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from adapters.mesh import carrier, mailbox
from interop.errors import Problem
from interop.mapping.library import carriers
from interop.notify.destinations import BadDestinations, Destination, read_destinations
from interop.ports import Pulled
from tests.spec.engine.messages import adt
from tests.spec.engine.running import journal, running
from tests.spec.notify.meshserver import JSON, KEY, PASSWORD, MeshServer, mesh
from tests.spec.notify.outbound import Opens, Outbound, opening
from tests.spec.notify.telling import unheard
from tests.spec.notify.test_itk import rows
from tests.spec.store.conftest import opener as opener
from tests.spec.store.conftest import place as place
from tests.spec.store.conftest import store as store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[MeshServer]:
    async with mesh() as made:
        yield made


def declared(directory: Path, url: str, more: str = "") -> Path:
    """A file of destinations with its secrets beside it."""
    (directory / "password").write_text(PASSWORD)
    (directory / "shared").write_text(KEY + "\n")
    file = directory / "destinations.toml"
    file.write_text(
        f'[gp]\nkind = "mesh"\naddress = "{url}"\norganisation = "RA1"\nmailbox = "OURS"\nrecipient = "THEIRS"\n'
        f'workflow = "ADT_WORKFLOW"\ntoken = "password"\nshared-key = "shared"\n{more}'
    )
    return file


@pytest.fixture
async def out(store: Any, tmp_path: Path, server: MeshServer) -> AsyncIterator[Opens]:
    to = read_destinations(declared(tmp_path, server.url), lambda host: True)["gp"]
    async with opening(store, tmp_path, partial(replace, to)) as opens:
        yield opens


async def told(one: Outbound) -> tuple[str, str, str]:
    [row] = await rows(one)
    return row.state, row.ack, row.code


async def test_a_message_goes_to_the_mailbox_under_its_workflow_and_the_id_of_the_delivery(out: Opens, server: MeshServer) -> None:
    one = await out(adt())
    await one.step()
    [sent] = server.sent.values()
    said = {name: sent.headers.get(name) for name in ("mex-to", "mex-workflowid", "mex-localid", "mex-chunk-range")}
    assert said == {"mex-to": "THEIRS", "mex-workflowid": "ADT_WORKFLOW", "mex-localid": "0" * 32, "mex-chunk-range": "1:1"}
    assert sent.body == adt()
    [row] = await rows(one)
    assert (row.state, row.ack, row.tracking) == ("sent", "awaited", "M1")


async def test_it_is_followed_until_it_was_collected(out: Opens, server: MeshServer) -> None:
    one = await out(adt())
    await one.step()
    await one.worker.look()
    assert await told(one) == ("sent", "awaited", "")
    server.sent["M1"].status = "acknowledged"
    one.clock.advance(31)
    await one.worker.look()
    assert await told(one) == ("sent", "acknowledged", "acknowledged")
    one.clock.advance(31)
    asked = len(server.asked)
    await one.worker.look()
    assert len(server.asked) == asked


async def test_what_cannot_be_delivered_is_on_the_shelf_with_the_code_of_mesh(out: Opens, server: MeshServer) -> None:
    one = await out(adt())
    await one.step()
    server.sent["M1"].status, server.sent["M1"].code = "undeliverable", "14"
    with capture_logs() as lines:
        await one.worker.look()
    assert await told(one) == ("shelved", "refused", "14")
    assert [(line["event"], line["code"]) for line in lines] == [("a delivery was refused later", "14")]


async def test_what_nobody_collects_is_told(out: Opens, server: MeshServer) -> None:
    one = await out(adt(), hours=1)
    await one.step()
    one.clock.advance(3600)
    await one.worker.look()
    assert await told(one) == ("sent", "missing", "")


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (417, "shelved", "destination-refused"),
        (403, "pending", "destination-denied"),
        (429, "pending", "destination-unavailable"),
        (503, "pending", "destination-unavailable"),
        (500, "pending", "destination-unanswered"),
        (0, "pending", "destination-unanswered"),
    ],
)
async def test_what_mesh_says_is_of_the_class_of_the_error_table(
    out: Opens, server: MeshServer, answer: int, state: str, reason: str
) -> None:
    server.answers = [answer]
    one = await out(adt())
    await one.step()
    [row] = await rows(one)
    assert (row.state, row.reason, row.tries) == (state, reason, 1)
    assert server.asked == ["POST /messageexchange/OURS/outbox"], "nothing is tried again but by the queue"


async def test_a_wrong_password_is_tried_again_and_a_mesh_that_is_away_is_no_doubt(
    out: Opens, server: MeshServer, tmp_path: Path
) -> None:
    one = await out(adt())
    (tmp_path / "password").write_text("another")
    await one.step()
    [row] = await rows(one)
    assert (row.state, row.reason) == ("pending", "destination-denied")
    away = await out(address="http://127.0.0.1:9")
    away.clock.advance(5)
    await away.step()
    [row] = await rows(away)
    assert (row.state, row.reason) == ("pending", "destination-unavailable")


async def test_a_password_that_has_been_put_right_is_read(out: Opens, server: MeshServer, tmp_path: Path) -> None:
    one = await out(adt())
    (tmp_path / "password").write_text("another")
    await one.step()
    (tmp_path / "password").write_text(PASSWORD)
    one.clock.advance(2)
    await one.step()
    assert [each.state for each in await rows(one)] == ["sent"]


async def test_what_is_large_goes_in_chunks_by_gzip_and_is_whole_on_the_other_side(
    out: Opens, server: MeshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "CHUNK", 1000)
    monkeypatch.setattr(mailbox, "COMPRESSED", 1000)
    large = adt(extra=tuple(f"NTE|{number}||{'x' * 80}" for number in range(40)))
    one = await out(large)
    await one.step()
    [sent] = server.sent.values()
    assert len(sent.chunks) == -(-len(large) // 1000)
    assert sent.headers["content-encoding"] == "gzip"
    assert sent.headers["mex-chunk-range"] == f"1:{len(sent.chunks)}"
    assert sent.body == large
    assert [each.state for each in await rows(one)] == ["sent"]


async def test_while_mesh_cannot_be_asked_nothing_is_concluded(out: Opens, server: MeshServer) -> None:
    one = await out(adt())
    await one.step()
    server.sent.clear()
    with capture_logs() as lines:
        await one.worker.look()
    assert [line["event"] for line in lines] == ["a destination cannot be asked what became of it"]
    assert await told(one) == ("sent", "awaited", "")


async def test_of_a_message_that_mesh_does_not_know_the_others_are_asked_after_all_the_same(out: Opens, server: MeshServer) -> None:
    one = await out(adt(), adt(control="C2"))
    await one.step()
    await one.step()
    del server.sent["M1"]
    server.sent["M2"].status = "acknowledged"
    await one.worker.look()
    assert [each.ack for each in await rows(one)] == ["awaited", "acknowledged"]


async def test_one_that_cannot_be_asked_after_for_now_is_not_asked_after_first_for_ever(out: Opens, server: MeshServer) -> None:
    one = await out(adt(), adt(control="C2"))
    await one.step()
    await one.step()
    server.odd["outbox/tracking"] = (503, b"", {})
    await one.worker.look()
    del server.odd["outbox/tracking"]
    server.asked.clear()
    server.sent["M1"].status = server.sent["M2"].status = "acknowledged"
    for _ in range(2):
        one.clock.advance(31)
        await one.worker.look()
    assert [address.rpartition("=")[2] for address in server.asked] == ["M2", "M1"]
    assert [each.ack for each in await rows(one)] == ["acknowledged", "acknowledged"]


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        ((404, b'{"detail":"Not Found"}', JSON), "pending", "destination-unanswered"),
        ((202, b"{}", JSON), "pending", "destination-unanswered"),
        ((202, b"[]", JSON), "pending", "destination-unanswered"),
        ((302, b"", {"location": "http://127.0.0.1:9/elsewhere"}), "shelved", "destination-misdirected"),
        ((307, b"", {"location": "http://127.0.0.1:9/elsewhere"}), "shelved", "destination-misdirected"),
    ],
)
async def test_what_answers_in_place_of_mesh_has_taken_nothing_and_is_not_followed(
    out: Opens, server: MeshServer, answer: tuple[int, bytes, dict[str, str]], state: str, reason: str
) -> None:
    server.odd["outbox"] = answer
    one = await out(adt())
    await one.step()
    [row] = await rows(one)
    assert (row.state, row.reason, row.tries) == (state, reason, 1)


async def test_a_mesh_that_never_ends_its_answer_keeps_nothing_waiting(
    out: Opens, server: MeshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.odd["outbox"] = (-1, b"", {})
    monkeypatch.setattr(import_module("adapters.mesh.carrier"), "LONGEST", 0.2)
    one = await out(adt())
    await one.step()
    [row] = await rows(one)
    assert (row.state, row.reason) == ("pending", "destination-unanswered")
    del server.odd["outbox"]
    monkeypatch.setattr(import_module("adapters.mesh.carrier"), "LONGEST", 20.0)
    one.clock.advance(2)
    await one.step()
    assert [each.state for each in await rows(one)] == ["sent"]


async def test_what_is_let_go_while_it_is_sent_sends_no_further_chunk(server: MeshServer) -> None:
    made = mailbox._client(mailbox.Mailbox(server.url, "OURS", lambda: PASSWORD, lambda: KEY))
    made.ended = True
    with pytest.raises(mailbox.Unsure):
        made.send_message("THEIRS", b"x", workflow_id="W")
    made.close()
    assert server.asked == []


def test_it_goes_by_no_proxy_of_the_environment_and_trusts_whom_it_is_told_to(tmp_path: Path) -> None:
    made = mailbox._client(mailbox.Mailbox("http://127.0.0.1:9", "OURS", lambda: "", lambda: "", authorities=tmp_path / "ca.pem"))
    assert (made._session.trust_env, made._session.verify) == (False, str(tmp_path / "ca.pem"))
    made.close()


def test_a_mailbox_has_six_days_to_be_emptied_unless_told_otherwise(tmp_path: Path) -> None:
    def hours(more: str) -> int:
        return read_destinations(declared(tmp_path, "https://mesh.example", more), lambda host: False)["gp"].hours

    assert (hours(""), hours("hours = 24\n")) == (144, 24)


@pytest.mark.parametrize(
    ("more", "without", "why"),
    [("colour = 'red'\n", "", "colour is not known"), ("", "workflow", "workflow is wanted"), ("", "mailbox", "mailbox is wanted")],
)
def test_a_declaration_that_could_not_be_right_is_refused(tmp_path: Path, more: str, without: str, why: str) -> None:
    file = declared(tmp_path, "https://mesh.example", more)
    if without:
        file.write_text("\n".join(line for line in file.read_text().splitlines() if not line.startswith(without)))
    with pytest.raises(BadDestinations, match=why):
        read_destinations(file, lambda host: False)


def test_its_secrets_are_wanted() -> None:
    bare = Destination("gp", "mesh", "https://x", "RA1", settings={"mailbox": "OURS", "recipient": "T", "workflow": "W"})
    with pytest.raises(ValueError, match=r"token .* and shared-key are wanted"):
        carriers()["mesh"].courier(bare, unheard, lambda: 0)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "find_spec", lambda name: None)
    to = read_destinations(declared(tmp_path, "https://mesh.example"), lambda host: False)["gp"]
    with pytest.raises(ValueError, match=r"interop\[mesh\]"):
        carriers()["mesh"].courier(to, unheard, lambda: 0)


def settings(url: str, **more: str) -> dict[str, str]:
    return {"adapter": "mesh", "address": url, "mailbox": "OURS", "password": "T_PASSWORD", "shared_key": "T_KEY", **more}


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_PASSWORD", PASSWORD)
    monkeypatch.setenv("T_KEY", KEY)


class Nothing:
    """A journal that has nothing."""

    def newest(self, stem: str) -> None:
        return None


async def test_a_message_of_the_inbox_is_acknowledged_once_it_was_taken(server: MeshServer, secrets: None) -> None:
    server.put("A", adt())
    server.put("B", adt(control="C2"))
    pulled = carrier.pull(settings(server.url), Nothing())
    one = await anext(pulled)
    assert (one.what, one.body, one.media_type) == ("A", adt(), "text/plain")
    assert server.acknowledged == []
    one.taken = True
    other = await anext(pulled)
    assert server.acknowledged == ["A"]
    assert other.what == "B"
    assert [each async for each in pulled] == []
    assert (server.acknowledged, list(server.inbox)) == (["A"], ["B"]), "what was refused stays"


async def test_a_report_on_what_was_sent_is_told_and_not_handed_over(server: MeshServer, secrets: None) -> None:
    server.put("R", b"", mex_messagetype="REPORT", mex_linkedmsgid="M1", mex_statuscode="14", mex_statussuccess="ERROR")
    [one] = [each async for each in carrier.pull(settings(server.url), Nothing())]
    assert isinstance(one, Pulled)
    assert one.body == b""
    assert one.problem is not None
    assert (one.what, one.problem.reason.name, one.problem.detail) == ("report/M1", "refused-later", "14")
    assert server.acknowledged == ["R"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"colour": "red"}, "colour is no setting"),
        ({"address": "http://mesh.example"}, "https"),
        ({"password": "T_NONE"}, "T_NONE"),
    ],
)
async def test_settings_of_a_pull_that_cannot_be_used_are_named(secrets: None, more: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        await anext(carrier.pull(settings("https://mesh.example", **more), Nothing()))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((410, b"{}", JSON), "source-error"),
        ((200, b"not gzip at all", {"content-encoding": "gzip", "mex-messagetype": "DATA"}), "source-error"),
        ((500, b"", {}), "source-timeout"),
    ],
)
async def test_a_message_that_cannot_be_fetched_is_told_and_those_behind_it_are_fetched(
    server: MeshServer, secrets: None, answer: tuple[int, bytes, dict[str, str]], why: str
) -> None:
    server.put("A", adt())
    server.put("B", adt(control="C2"))
    server.odd["inbox/A"] = answer
    found = [each async for each in carrier.pull(settings(server.url), Nothing())]
    assert [(each.what, each.problem.reason.name if each.problem else "") for each in found] == [("A", why), ("B", "")]
    assert server.acknowledged == []


async def test_a_mesh_that_answers_no_more_ends_the_pull(server: MeshServer, secrets: None) -> None:
    for name in "ABCD":
        server.put(name, adt())
        server.odd[f"inbox/{name}"] = (500, b"", {})
    pulled = carrier.pull(settings(server.url), Nothing())
    assert [(await anext(pulled)).what for _ in range(2)] == ["A", "B"]
    with pytest.raises(Problem) as caught:
        await anext(pulled)
    assert caught.value.reason.name == "source-timeout"


async def test_a_mailbox_that_does_not_let_us_in_ends_the_pull(server: MeshServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_PASSWORD", "another")
    monkeypatch.setenv("T_KEY", KEY)
    with pytest.raises(Problem) as caught:
        await anext(carrier.pull(settings(server.url), Nothing()))
    assert caught.value.reason.name == "source-denied"


async def test_interop_pull_puts_an_inbox_into_the_journal(server: MeshServer, secrets: None, tmp_path: Path) -> None:
    import asyncio

    from interop.cli.main import app

    server.put("A", adt())
    sources = tmp_path / "sources.toml"
    said = "\n".join(f'{name} = "{value}"' for name, value in settings(server.url).items())
    sources.write_text(f"[hl7v2]\n{said}\n")
    async with running(tmp_path / "data") as engine:
        command = [
            "pull",
            "hl7v2",
            "--sources",
            str(sources),
            "--to",
            f"http://127.0.0.1:{engine.http}",
            "--data",
            str(tmp_path / "no"),
        ]
        result = await asyncio.to_thread(CliRunner().invoke, app, command)
        assert result.exit_code == 0, result.output
        [entry] = await journal(engine)
        assert (entry.control_id, server.acknowledged) == ("C1", ["A"])
