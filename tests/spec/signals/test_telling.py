"""Signals by Redis: who hears what, and what stands in Redis."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from interop.api.signon.limits import Buckets
from interop.ports import Signals, Silent
from interop.signals import by_redis
from interop.signals.place import Place, prefix
from tests.places import ROOT
from tests.spec.security.certificates import Authority
from tests.spec.signals.conftest import beyond, processes, started, until
from tests.valkey import Server, serving

pytestmark = pytest.mark.anyio


async def test_all_others_hear_what_is_applied_and_changed_and_who_says_it_does_not(redis: Server) -> None:
    async with processes(Place.of(redis.url), "a", "b", "c") as (a, b, c):
        a.signals.tell("applied", "64")
        await until(lambda: b.words("applied") == c.words("applied") == ["64"])
        b.signals.tell("changed", "7")
        await until(lambda: a.words("changed") == c.words("changed") == ["7"])
        await beyond(a, b, c)
        assert a.words("applied") == []
        assert "7" not in b.words("changed")
        assert a.words("arrived") == b.words("arrived") == c.words("arrived") == []


async def test_what_is_said_in_one_turn_of_the_loop_goes_out_once_for_each_kind(redis: Server) -> None:
    """The last number says it all."""
    async with processes(Place.of(redis.url), "a", "b") as (a, b):
        for number in range(1_000):
            a.signals.tell("applied", str(number))
        await until(lambda: b.words("applied"))
        assert b.words("applied") == ["999"]
        assert a.signals.counts.dropped == 0


async def test_one_of_those_who_are_free_is_told_what_arrived(redis: Server) -> None:
    async with processes(Place.of(redis.url), "a", "b", "intake") as (a, b, intake):
        a.signals.free()
        intake.signals.tell("arrived", "1")
        await until(lambda: a.words("arrived") == ["1"])
        a.signals.busy()
        b.signals.free()
        intake.signals.tell("arrived", "2")
        await until(lambda: b.words("arrived") == ["2"])
        b.signals.busy()
        intake.signals.tell("arrived", "3")
        await beyond(a, b, intake)
        assert (a.words("arrived"), b.words("arrived")) == (["1"], ["2"])
        a.signals.free()
        await until(lambda: a.words("arrived") == ["1", "3"])
        assert b.words("arrived") == ["2"]
        assert intake.words("arrived") == []


async def test_who_found_work_meanwhile_hands_on_what_it_is_told(redis: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits in Redis still when it is no longer free."""
    monkeypatch.setattr(by_redis, "BLOCK", 600_000)  # for as long as this test takes
    async with processes(Place.of(redis.url), "a", "b", "intake", left=600) as (a, b, intake):
        a.signals.free()
        await until(lambda: _blocked(redis) == 1)
        a.signals.busy()
        b.signals.free()
        await until(lambda: _blocked(redis) == 2)
        intake.signals.tell("arrived", "1")
        await until(lambda: b.words("arrived") == ["1"])
        assert a.words("arrived") == []


async def test_what_a_process_was_given_that_is_gone_is_given_to_another(redis: Server) -> None:
    async with processes(Place.of(redis.url), "b", "intake", left=0.05) as (b, intake):
        async with processes(Place.of(redis.url), "a", left=60) as (a,):
            a.signals.free()
            intake.signals.tell("arrived", "1")
            await until(lambda: a.words("arrived") == ["1"])
        assert _pending(redis) == 1
        b.signals.free()
        await until(lambda: b.words("arrived") == ["1"])
        b.signals.busy()
        await until(lambda: _pending(redis) == 0)


async def test_what_has_woken_nobody_to_work_is_passed_over_in_ever_larger_steps(redis: Server) -> None:
    """Whoever comes after a busy time finds the stream full of what was applied long since."""
    async with processes(Place.of(redis.url), "late", "intake") as (late, intake):
        for number in range(300):
            intake.signals.tell("arrived", str(number))
            if number % 50 == 49:
                await until(lambda number=number: intake.signals.counts.sent > number)
        while late.words("arrived")[-1:] != ["299"]:
            before = len(late.heard)
            late.signals.free()
            await until(lambda before=before: len(late.heard) > before)
        assert len(late.words("arrived")) == 9  # 1, 2, 4 … 128 and the rest


async def test_the_stream_is_kept_short(redis: Server) -> None:
    """Nobody is free to take from it: it stays at about 1,000 entries."""
    async with processes(Place.of(redis.url), "a") as (a,):
        for number in range(3_000):
            a.signals.tell("arrived", str(number))
            if number % 60 == 59:
                await until(lambda number=number: a.signals.counts.sent > number)
        assert a.signals.counts.dropped == 0
    assert 1_000 <= int(redis.ask("XLEN", "interop:test:arrived").strip(b":\r\n")) < 1_300


async def test_in_redis_stand_kinds_and_numbers_and_nothing_of_a_person(redis: Server) -> None:
    """Not even where somebody gave a word that is none. What limits are called by is a keyed digest."""
    reader, writer = await asyncio.open_connection("127.0.0.1", redis.port)
    writer.write(b"MONITOR\r\n")
    assert await reader.readline() == b"+OK\r\n"
    buckets = Buckets(0.001, 5).share("people")
    async with processes(Place.of(redis.url), "a", "b") as (a, b):
        a.signals.levels.ledgers.append(buckets)
        b.signals.free()
        for word in ("Smith", "1 9990001112", "٣", "-1", "9" * 40):
            for kind in ("arrived", "applied", "changed", "Smith"):
                a.signals.tell(kind, word)
        assert buckets.of("9990001112").take(1)
        await until(lambda: a.signals.levels.settled)
        await beyond(a, b)
    redis.ask("ECHO", "the end")
    seen = b""
    while b"the end" not in seen:
        seen += await reader.read(1 << 16)
    writer.close()
    for command in (b"XADD", b"PUBLISH", b"EVALSHA"):
        assert command in seen
    for never in (b"Smith", b"9990001112", b"9" * 20, b"people", "٣".encode(), b"\\xd9", b" -1 "):
        assert never not in seen
    said = set(re.findall(rb'"PUBLISH" "interop:test:told" "([^"]*)"', seen))
    assert all(re.fullmatch(rb"(applied|changed) \d* [0-9a-f]{8}", each) for each in said)


async def test_what_is_no_signal_of_ours_is_passed_over(redis: Server) -> None:
    """Whoever else writes to Redis makes a process look in the database, at most."""
    async with processes(Place.of(redis.url), "a", "b") as (a, b):
        b.signals.free()
        before = len(b.heard)
        for said in (
            "",
            "changed",
            "Smith 9990001112 x",
            "\xff\xfe",
            "arrived 5 x",
            "changed Smith x",
            "applied " + "9" * 40 + " x",
        ):
            redis.ask("PUBLISH", "interop:test:told", said)
        redis.ask("XADD", "interop:test:arrived", "*", "word", "Smith")
        await until(lambda: b.heard[before:].count(("arrived", "")) == 1)
        await beyond(a, b)
        said_to_b = [each for each in b.heard[before:] if len(each[1]) < 8]
        assert sorted(said_to_b) == [("applied", ""), ("arrived", ""), ("changed", ""), ("changed", "")]


async def test_two_deployments_that_share_a_redis_do_not_hear_each_other(redis: Server) -> None:
    """Names begin with a digest that only the deployment's key gives."""
    one, other = (prefix(b"a key of a deployment", f"postgresql://interop@db/{name}") for name in ("one", "other"))
    assert one == prefix(b"a key of a deployment", "postgresql://somebody@127.0.0.1:5432/one")
    assert len({one, other, prefix(b"another deployment's", "postgresql://interop@db/one")}) == 3
    place = Place.of(redis.url)
    async with processes(place, "a", "b", prefix=one) as (a, b), processes(place, "a", "b", prefix=other) as (c, d):
        d.signals.free()
        a.signals.tell("arrived", "1")
        a.signals.tell("applied", "1")
        await until(lambda: b.words("applied") == ["1"])
        await beyond(a, b)
        await beyond(c, d)
        assert d.words("applied") == d.words("arrived") == c.words("applied") == []


async def test_a_password_is_told_to_redis(redis: Server) -> None:
    with serving("--requirepass", "a secret of tests") as server:
        place = Place.of(server.url)
        async with processes(_with(place, password="a secret of tests"), "a", "b") as (a, b):
            a.signals.tell("applied", "1")
            await until(lambda: b.words("applied") == ["1"])
    assert "secret" not in repr(_with(place, password="a secret of tests"))


async def test_a_user_of_redis_needs_no_more_than_operations_says(redis: Server) -> None:
    """The line of docs/operations.md, as it stands there."""
    (line,) = [each.strip() for each in (ROOT / "docs" / "operations.md").read_text().splitlines() if "ACL SETUSER" in each]
    words = [word.replace("PASSWORD", "correct horse") for word in line.split()]
    assert redis.ask(*words) == b"+OK\r\n"
    place = _with(Place.of(redis.url.replace("//", "//interop@")), password="correct horse")
    buckets = Buckets(0.001, 5).share("people")
    async with processes(place, "a", "b", left=0.05) as (a, b):
        a.signals.levels.ledgers.append(buckets)
        assert buckets.of("somebody").take(1)
        b.signals.free()
        a.signals.tell("arrived", "1")
        await until(lambda: b.words("arrived"))
        b.signals.free()
        await beyond(a, b)
        await until(lambda: a.signals.levels.settled and not _pending(redis))
        await until(lambda: b.words("arrived") and not b.signals.counts.failed)
        assert a.signals.counts.failed == 0
    assert b"interop" in redis.ask("ACL", "LIST")
    assert redis.ask("ACL", "LOG") == b"*0\r\n"


async def test_redis_is_spoken_to_over_tls_and_its_certificate_is_checked(redis: Server, tmp_path: Path) -> None:
    """``rediss://``. A server whose certificate another authority signed is told nothing."""
    ours, theirs = Authority(tmp_path / "ours", "authority"), Authority(tmp_path / "theirs", "authority")
    pair = ours.sign("localhost")
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    taken = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", redis.port)
        taken.append(1)

        async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(1 << 16):
                    sink.write(data)
            except OSError:
                pass
            sink.close()

        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))

    front = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context)
    place = Place.of(f"rediss://localhost:{front.sockets[0].getsockname()[1]}/0")
    async with processes(_with(place, ca=ours.certificate), "a", "b") as (a, b):
        a.signals.tell("applied", "1")
        await until(lambda: b.words("applied") == ["1"])
    before = len(taken)
    async with started(_with(place, ca=theirs.certificate), "c") as (stranger,):
        stranger.signals.tell("applied", "2")
        await until(lambda: stranger.signals.counts.failed > 3)
        assert not stranger.signals.connected
    assert len(taken) == before
    front.close()


@pytest.mark.parametrize(
    "url",
    ["localhost:6379", "http://localhost", "redis://", "redis://h:port", "redis://h/x", "redis://h/0?a=b", "redis://:secret@h"],
)
async def test_an_address_that_is_none_or_holds_a_password_is_refused(url: str) -> None:
    with pytest.raises(ValueError) as refused:
        Place.of(url)
    assert "redis" in str(refused.value).lower()
    assert "secret" not in str(refused.value)


async def test_without_redis_nobody_is_told_and_whoever_waits_looks_often() -> None:
    silent: Signals = Silent()
    heard: list[object] = []
    await silent.start(lambda *said: heard.append(said))
    silent.free()
    silent.tell("arrived", "1")
    silent.busy()
    await silent.stop()
    assert heard == []
    assert silent.wait == 0.05


def _with(place: Place, **given: object) -> Place:
    return replace(place, **given)  # type: ignore[arg-type]


def _blocked(redis: Server) -> int:
    """How many connections wait for an entry."""
    found = re.search(rb"blocked_clients:(\d+)", redis.ask("INFO", "clients"))
    return int(found[1]) if found else 0


def _pending(redis: Server) -> int:
    """How many entries were given and not confirmed."""
    return int(redis.ask("XPENDING", "interop:test:arrived", "workers").split(b"\r\n")[1].lstrip(b":"))
