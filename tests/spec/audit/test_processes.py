"""Several processes keep one audit: a chain each, one index, checkpoints in one place. Each log holds its chain by a lock of the
file that it opened, so that several in one process are to each other as several processes are."""

from __future__ import annotations

import errno
import fcntl
import gc
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from interop.audit import parts
from interop.audit.chain import beginning
from interop.audit.key import AuditKey
from interop.audit.log import AuditLog
from interop.audit.parts import alive, chains, goes_on, part_path
from interop.audit.privacy import UNUSUAL_VOLUME, limit
from interop.audit.recovery import recover
from interop.audit.row import MESSAGE, OPENED, READ, decode
from interop.audit.trail import Trail
from interop.audit.verify import Bad, Verified, verify
from interop.clock import ManualClock
from interop.ids.secret import kept
from interop.signon.keyfile import own_keys
from interop.store.sqlite.audit_index import Wanted
from tests.spec.audit.conftest import KEY

Begin = Callable[..., AuditLog]
WHO = ("iss|dr", "gp", "RX1", "console", "care", "s1")


def read(log: AuditLog, *patients: str, who: tuple[str, ...] = WHO) -> None:
    log.write(READ, who, "read", "Patient", "p1", 200, len(patients), patients)


def killed(log: AuditLog, rest: bytes = b"") -> None:
    """As a process ends by SIGKILL in the middle of a row: the system closes its files."""
    os.pwrite(log._file, rest, log.offset)
    os.close(log._file)


def verified(tmp_path: Path) -> Verified:
    return verify(tmp_path / "audit", tmp_path / "elsewhere", KEY)


@contextmanager
def looking(tmp_path: Path) -> Iterator[Trail]:
    trail = Trail(tmp_path / "audit")
    try:
        yield trail
    finally:
        trail.close()


def test_chains_that_grow_side_by_side_are_verified_and_tampering_is_found_in_each(tmp_path: Path, opened: Begin) -> None:
    logs = [opened(), opened(), opened()]
    for number in range(30):
        for log in logs:
            read(log, f"p{number}")
    for log in logs:
        log.close()
    found = verified(tmp_path)
    assert (found.bad, found.chains, found.rows, found.beyond) == (None, 3, 3 * 32, 0)
    for log in logs:
        path = part_path(tmp_path / "audit", log.chain, 1)
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b'"p17"', b'"p71"'))
        assert verified(tmp_path).bad == Bad(log.chain, 19, path.name, "is not as it was written")
        path.unlink()
        assert verified(tmp_path).bad == Bad(log.chain, 1, path.name, "and what follows up to 32 is cut off")
        path.write_bytes(whole)
    assert verified(tmp_path).bad is None


def test_one_that_is_killed_leaves_the_others_alone_and_its_chain_is_mended_at_the_next_start(
    tmp_path: Path, opened: Begin
) -> None:
    one, other = opened(), opened()
    read(one, "p1")
    read(other, "p2")
    killed(one, b'[3,17,"read"')
    read(other, "p3")
    again = opened()
    assert part_path(tmp_path / "audit", one.chain, 1).with_suffix(".torn").read_bytes() == b'[3,17,"read"'
    assert not part_path(tmp_path / "audit", other.chain, 1).with_suffix(".torn").exists()
    read(other, "p4")
    again.close()
    other.close()
    found = verified(tmp_path)
    assert (found.bad, found.chains) == (None, 3)
    with looking(tmp_path) as trail:
        patients = {event.patient for event, _ in trail.find(Wanted(kinds=(READ,)))}
    assert patients == {"p1", "p2", "p3", "p4"}


def test_a_chain_binds_of_one_that_goes_on_what_is_signed_since_the_rest_may_go_with_the_power(
    tmp_path: Path, opened: Begin
) -> None:
    one = opened()
    signed = one.offset
    read(one, "p1")
    other = opened()
    assert other.recovered.told() == {"after": [one.chain, 1, one._signed.head.hex()], "aside": 0}
    killed(one)
    os.truncate(part_path(tmp_path / "audit", one.chain, 1), signed)  # what was not synced
    other.close()
    opened().close()
    assert verified(tmp_path).bad is None


def test_who_asks_whether_a_part_is_held_in_the_moment_in_which_it_is_made_is_waited_for(
    tmp_path: Path, opened: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = opened(2_000)
    real, probes = fcntl.flock, []

    def flock(file: int, how: int) -> None:
        if how == fcntl.LOCK_EX | fcntl.LOCK_NB and len(probes) < 2:
            if not probes:
                probes.append(os.open(part_path(tmp_path / "audit", log.chain, 2), os.O_RDONLY))
                real(probes[0], fcntl.LOCK_SH)
            else:
                os.close(probes[0])
                probes.append(-1)
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    for number in range(40):
        read(log, f"p{number}")
    assert len(probes) == 2
    assert chains(tmp_path / "audit")[log.chain][:2] == [1, 2]
    assert part_path(tmp_path / "audit", log.chain, 1).stat().st_size < 2_300
    assert alive(tmp_path / "audit")
    log.close()
    assert verified(tmp_path).bad is None


def test_a_part_that_cannot_be_begun_leaves_nothing_and_is_tried_again_and_its_chain_is_alive(
    tmp_path: Path, opened: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A live chain that looked dead would be bound to rows that the power may take."""
    log = opened(2_000)
    gc.collect()  # what earlier tests left closes its files now, not meanwhile
    tried, files = [], len(os.listdir("/proc/self/fd"))

    def failing(directory: Path) -> None:
        tried.append(log.sequence)
        raise OSError(errno.EIO, "failing")

    with monkeypatch.context() as broken:
        broken.setattr(parts, "sync_directory", failing)
        for number in range(30):
            read(log, f"p{number}")
        assert 2 < len(tried) < 20, "not with each row"
        assert (chains(tmp_path / "audit"), len(os.listdir("/proc/self/fd"))) == ({log.chain: [1]}, files)
        assert alive(tmp_path / "audit")
        signed = log._signed.sequence
        assert recover(tmp_path / "audit", tmp_path / "elsewhere", KEY).sequence == signed < log.sequence
    for number in range(30):
        read(log, f"p{number}")
    assert chains(tmp_path / "audit")[log.chain][:2] == [1, 2]
    log.close()
    assert verified(tmp_path).bad is None


def test_a_chain_is_alive_while_its_next_part_is_made_and_nobody_holds_that_yet(tmp_path: Path, opened: Begin) -> None:
    log = opened()
    read(log, "p1")
    part_path(tmp_path / "audit", log.chain, 2).touch()
    assert alive(tmp_path / "audit")
    assert recover(tmp_path / "audit", tmp_path / "elsewhere", KEY).sequence == log._signed.sequence == 1
    assert goes_on(tmp_path / "audit", log.chain, [1])
    log.close()
    assert not alive(tmp_path / "audit")


def test_one_that_ended_before_its_first_row_is_no_loss(tmp_path: Path, opened: Begin) -> None:
    opened().close()
    part_path(tmp_path / "audit", 2, 1).touch()
    opened().close()
    found = verified(tmp_path)
    assert (found.bad, sorted(chains(tmp_path / "audit"))) == (None, [1, 2, 3])
    assert found.rows == 4
    (tmp_path / "audit" / "00000003-0001.log").write_bytes(b"")
    assert verified(tmp_path).bad == Bad(3, 1, "00000003-0001.log", "and what follows up to 2 is cut off")


def test_many_begin_at_once(tmp_path: Path, opened: Begin) -> None:
    with ThreadPoolExecutor(12) as pool:
        logs = list(pool.map(lambda _: opened(), range(12)))
    assert sorted(log.chain for log in logs) == list(range(1, 13))
    afters = sorted(log.recovered.chain for log in logs)
    assert afters == list(range(12)), "each goes on from the one before"
    for log in logs:
        log.close()
    assert (verified(tmp_path).bad, verified(tmp_path).chains) == (None, 12)


def test_what_one_has_written_another_reads_at_once(tmp_path: Path, opened: Begin) -> None:
    one, other = opened(), opened()
    with looking(tmp_path) as here, looking(tmp_path) as there:
        for number in range(20):
            read(one if number % 2 else other, f"p{number}")
            for trail in (here, there):
                (found,) = trail.find(Wanted(patients=(f"p{number}",)))
                assert found[1].patients == (f"p{number}",)
        assert here.index.reached() == there.index.reached()
    one.close()
    other.close()


def test_processes_that_index_at_once_count_nothing_twice(tmp_path: Path, opened: Begin) -> None:
    logs = [opened() for _ in range(3)]
    for number in range(1_500):
        read(logs[number % 3], f"p{number % 7}", who=("iss|a", "gp", "RX1", "c", "care", ""))
        logs[number % 3].write(MESSAGE, more={"messages": [number + 1], "feed": "f", "state": "received"})
    trails = [Trail(tmp_path / "audit") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        rows = sum(pool.map(lambda trail: trail.catch_up(patience=60.0), trails))
    assert rows == 3_003
    for trail in trails:
        assert len(trail.index.messages(0)) == 1_500
        assert trail.index.count(Wanted(kinds=(READ,))) == 1_500
        trail.close()
    for log in logs:
        log.close()


def test_more_people_than_usual_are_counted_over_all_processes_and_told_once(tmp_path: Path, opened: Begin) -> None:
    """Half of the reads by the one, half by the other, indexed by whichever comes."""
    one, other = opened(), opened()
    most = limit("gp")
    assert most > 4
    with looking(tmp_path) as here, looking(tmp_path) as there:
        for number in range(most + 6):
            read(one if number % 2 else other, f"p{number}")
            if number % 3 == 0:
                (here if number % 2 else there).catch_up()
            if number == most - 1:
                here.catch_up()
                assert here.index.items(rule=UNUSUAL_VOLUME) == []
        here.catch_up()
        there.catch_up()
        items = there.index.items(rule=UNUSUAL_VOLUME)
    assert len(items) == 1
    with looking(tmp_path) as later:
        read(one, "somebody else")
        later.catch_up()
        assert later.index.items(rule=UNUSUAL_VOLUME) == items, "an index that is taken up again tells no second time"
    one.close()
    other.close()


def test_a_restore_is_told_by_the_first_that_begins(tmp_path: Path, clock: ManualClock, opened: Begin) -> None:
    opened().close()
    said = {"last": 1, "open": {}}
    log = AuditLog.open(tmp_path / "audit", tmp_path / "elsewhere", KEY, clock, background=False, restored=said)
    other = opened()
    first = [decode(line.rpartition(b" ")[0]) for line in part_path(tmp_path / "audit", log.chain, 1).read_bytes().splitlines()]
    assert (first[0].kind, first[0].more["restored"]) == (OPENED, said)
    assert other.recovered.chain == log.chain
    assert other._head != beginning(other.chain)
    log.close()
    other.close()


@pytest.mark.parametrize("what", ["audit", "sign-on", "any"])
def test_keys_that_many_make_at_once_are_one(tmp_path: Path, what: str) -> None:
    """The first start of several processes on one directory."""
    numbers = iter(range(100))
    make: dict[str, Callable[[], object]] = {
        "audit": lambda: AuditKey.kept(tmp_path / "new" / "audit.key").public,
        "sign-on": lambda: own_keys(tmp_path / "new").kid,
        "any": lambda: kept(tmp_path / "new" / "x.key", lambda: b"%d" % next(numbers)),
    }
    with ThreadPoolExecutor(12) as pool:
        found = set(pool.map(lambda _: make[what](), range(24)))
    assert len(found) == 1
    (file,) = (tmp_path / "new").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
