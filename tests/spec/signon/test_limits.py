"""Limits: on bad tokens of an address, on requests of one asker; what is kept for them is bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.api.asgi import Request
from interop.api.signon.door import KNOWN
from interop.api.signon.limits import REMEMBERED, Buckets, place_of
from interop.clock import ManualClock
from tests.spec.signon.conftest import Site, serving_at

pytestmark = pytest.mark.anyio


async def test_an_address_from_which_bad_tokens_come_is_told_to_wait(site: Site) -> None:
    """RFC 6585, 4. Whoever has signed on from there goes on."""
    await site.fill()
    good = site.token()
    assert (await site.get(good)).status_code == 200
    statuses = [(await site.get(f"bad{number}")).status_code for number in range(31)]
    assert statuses == [401] * 30 + [429]
    waiting = await site.get("bad")
    assert waiting.headers["retry-after"] == "6"
    assert waiting.json()["issue"][0]["code"] == "throttled"
    assert (await site.get(good)).status_code == 200
    site.clock.advance(6)
    assert (await site.get(site.token(jti="new"))).status_code == 200


async def test_without_a_token_nobody_is_counted(site: Site) -> None:
    """A browser asks so before it signs on."""
    for _ in range(50):
        assert (await site.get(None)).status_code == 401
    assert (await site.get(site.token(), "/fhir/Organization")).status_code == 200


async def test_an_asker_may_ask_so_often(tmp_path: Path, clock: ManualClock) -> None:
    """A program twenty times as often as a person, whatever tokens they bring."""
    async with serving_at(tmp_path / "data", clock, rate=2) as site:
        person = [site.token(role="gp", sub="a", jti=f"n{number}") for number in range(3)]
        statuses = [(await site.get(person[number % 3], "/fhir/Organization")).status_code for number in range(11)]
        assert statuses == [200] * 10 + [429]
        assert (await site.get(site.token(role="gp", sub="b"), "/fhir/Organization")).status_code == 200
        program = site.token(role="system", sub="c", client_id="c")
        assert {(await site.get(program, "/fhir/Organization")).status_code for _ in range(50)} == {200}
        site.clock.advance(0.5)
        assert [(await site.get(person[0], "/fhir/Organization")).status_code for _ in range(2)] == [200, 429]


async def test_many_that_were_revoked_are_not_gone_through_for_each_token(site: Site) -> None:
    """Whoever may have tokens may revoke as many: what has ended is forgotten, now and then."""
    door, now = site.signon.door, site.clock.now()
    door._withdrawn = {f"n{number}": now + 1_000_000 for number in range(KNOWN + 1)}
    assert (await site.get(site.token(jti="n7"))).status_code == 401
    kept = door._withdrawn
    assert (await site.get(site.token(jti="n8"))).status_code == 401
    assert door._withdrawn is kept
    door._withdrawn |= {f"m{number}": now + 1_000_000 for number in range(KNOWN + 2)}
    site.clock.advance(2)
    assert (await site.get(site.token(), "/fhir/Organization")).status_code == 200
    assert len(door._withdrawn) == 0


def test_what_is_remembered_is_bounded() -> None:
    buckets = Buckets(1, 1)
    for number in range(REMEMBERED + 100):
        buckets.of(number).take(0)
    assert len(buckets) == REMEMBERED


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "", True),
    ],
)
def test_an_address_of_ipv6_stands_for_its_network_and_one_of_ipv4_for_itself(one: str, other: str, same: bool) -> None:
    def place(address: str) -> str:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": (address, 1) if address else None}
        return place_of(Request(scope, lambda: None))  # type: ignore[arg-type, return-value]

    assert (place(one) == place(other)) is same
