"""What is said later of a delivery: what counts, what says nothing, and what an operator has done since."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interop.api.delivering.awaiting import clean
from interop.api.delivering.deliverer import describe
from interop.api.delivering.payload import Payload
from interop.api.delivering.senders import Sends
from interop.ports import Acknowledgement, Destination, Taken
from interop.store.values import MISSING, PENDING, SENT, Answered, Change, Delivery, Mark
from tests.spec.api.people import patient
from tests.spec.engine.messages import adt
from tests.spec.notify.outbound import Outbound, message
from tests.spec.notify.receiving import Receiver, receiving
from tests.spec.notify.test_itk import OK, itk, rows
from tests.spec.policy.worlds import Made, keep
from tests.spec.store.conftest import opener as opener
from tests.spec.store.conftest import place as place
from tests.spec.store.conftest import store as store

pytestmark = pytest.mark.anyio
Opens = Callable[..., Any]
INFRASTRUCTURE = (
    b'<i:InfrastructureResponse xmlns:i="urn:nhs-itk:ns:201005" result="OK" trackingIdRef="00000000-0000-0000-0000-000000000000"/>'
)
REPLY = {"acknowledgement": "business", "reply": "https://us.example/itk"}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        made.body = lambda got: OK % b""
        yield made


@pytest.fixture
async def out(store: Any, tmp_path: Path, receiver: Receiver) -> AsyncIterator[Opens]:
    await keep(store, [Made("Patient", "ours", [patient("ours")], "api", "RA1")], {})
    opened: list[Outbound] = []

    async def opens(to: Destination) -> Outbound:
        outbound = Outbound(store, tmp_path / f"audit{len(opened)}", to)
        opened.append(outbound)
        await message(outbound, adt(), "0" * 32)
        return outbound

    yield opens
    for each in opened:
        await each.close()


def word(row: Delivery, *, accepted: bool = True, final: bool = False, code: str = "") -> Acknowledgement:
    return Acknowledgement("itk", row.tracking, accepted, final, code, "RA1")


async def stands(one: Outbound) -> tuple[str, str]:
    [row] = await rows(one)
    return row.state, row.ack


@pytest.mark.parametrize("settings", [{}, {"reply": "https://us.example/itk"}])
async def test_that_somebody_has_it_though_nobody_asked_is_no_reason_to_wait_for_more(
    out: Opens, receiver: Receiver, settings: dict[str, str]
) -> None:
    receiver.body = lambda got: OK % INFRASTRUCTURE
    one = await out(replace(itk(receiver.url, **settings), shelves=True))
    await one.step()
    [row] = await rows(one)
    if row.tracking:
        assert await one.deliverer.returned(word(row))
    one.clock.advance(31)
    await one.worker.look()
    [row] = await rows(one)
    assert (row.state, row.ack) == ("sent", "")
    assert "acknowledgement" not in describe(row)


async def test_what_is_said_of_an_earlier_try_says_nothing_of_what_is_let_go_out_again(out: Opens, receiver: Receiver) -> None:
    one = await out(itk(receiver.url, **REPLY))
    await one.step()
    [row] = await rows(one)
    refused = word(row, accepted=False, final=True, code="2200")
    assert await one.deliverer.returned(refused)
    assert await stands(one) == ("shelved", "refused")
    await one.deliverer.resend("gp", row.sequence)
    for late in (refused, word(row)):
        assert not await one.deliverer.returned(late)
        assert await stands(one) == ("pending", "")
    await one.step()
    assert len(receiver.got) == 2
    assert await stands(one) == ("sent", "awaited")
    assert await one.deliverer.returned(word(row, final=True))
    assert await stands(one) == ("sent", "acknowledged")


async def test_the_whole_shelf_that_is_let_go_again_has_no_names_either(out: Opens, receiver: Receiver) -> None:
    one = await out(itk(receiver.url, **REPLY))
    await one.step()
    [row] = await rows(one)
    refused = word(row, accepted=False, final=True, code="2200")
    await one.deliverer.returned(refused)
    assert await one.deliverer.resend("gp") == 1
    assert not await one.deliverer.returned(refused)
    assert await stands(one) == ("pending", "")


async def test_a_pause_forgets_nothing_of_what_is_on_its_way(out: Opens, receiver: Receiver) -> None:
    one = await out(itk(receiver.url, **REPLY))

    async def meanwhile(delivery: Delivery, payload: Payload, sends: Sends) -> Taken:
        taken = await sends.send(payload)
        await one.deliverer.pause("gp", True)
        await one.deliverer.pause("gp", False)
        return taken

    one.worker.through = meanwhile
    await one.step()
    assert await stands(one) == ("sent", "awaited")


async def test_what_is_missing_stays_on_the_shelf_when_somebody_on_the_way_has_it(out: Opens, receiver: Receiver) -> None:
    one = await out(replace(itk(receiver.url, **REPLY), shelves=True))
    await one.step()
    [row] = await rows(one)
    one.clock.advance(25 * 3600)
    await one.worker.look()
    assert await stands(one) == ("shelved", "missing")
    assert await one.deliverer.returned(word(row))
    assert await stands(one) == ("shelved", "missing")
    assert await one.deliverer.returned(word(row, final=True))
    assert await stands(one) == ("sent", "acknowledged")


async def test_what_is_let_go_again_while_it_is_found_missing_goes_out(out: Opens, receiver: Receiver) -> None:
    one = await out(itk(receiver.url, **REPLY))
    await one.step()
    [row] = await rows(one)
    now = one.clock.now()
    await one.store.commit(Change(marks=[Mark(row.sequence, PENDING, 0, 0, "", now, now)]))
    await one.store.commit(Change(answered=[Answered(row.sequence, MISSING, "", SENT, "unacknowledged", now)]))
    assert await stands(one) == ("pending", "")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("2200", "2200"),
        ("AE", "AE"),
        ("EPL-151", "EPL-151"),
        ("patient Jane SMITH not known", ""),
        ("9990000018", ""),
        ("x" * 33, ""),
    ],
)
def test_of_what_the_other_side_says_only_a_code_is_kept_and_logged(said: str, kept: str) -> None:
    assert clean(said) == kept


async def test_an_adapter_that_fails_keeps_the_queue_no_longer_than_any_other_failure(out: Opens, receiver: Receiver) -> None:
    one = await out(itk(receiver.url))

    async def fails(delivery: Delivery, payload: Payload, sends: Sends) -> Taken:
        raise AttributeError("text has no attribute get")

    one.worker.through = fails
    await one.step()
    [row] = await rows(one)
    assert (row.state, row.reason, row.tries) == ("pending", "destination-unanswered", 1)
    one.clock.advance(8 * 86_400)
    await one.step()
    assert await stands(one) == ("shelved", "")
