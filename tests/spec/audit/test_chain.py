"""What was done to a log afterwards is found, and where."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from random import Random

import orjson
import pytest

from interop.audit.chain import beginning, follow, parted, stamp
from interop.audit.checkpoints import Checkpoint
from interop.audit.key import AuditKey, Verifier
from interop.audit.log import AuditLog
from interop.audit.row import READ, Row, Who, encode
from interop.audit.verify import Bad, Line, Verified, judge, verify
from tests.spec.audit.conftest import KEY

ROWS, EVERY = 40, 10
FILE = "00000001-0001.log"


def chain() -> tuple[list[bytes], list[Checkpoint]]:
    """A chain of rows and its checkpoints, one every ten rows; the last three rows are beyond."""
    head, lines, signed = beginning(1), [], []
    for number in range(1, ROWS + 4):
        more = {"after": [0, 0, ""], "aside": 0} if number == 1 else {}
        row = Row(
            number, 1_000_000 + number, READ, Who("u", "gp"), "read", "Patient", f"p{number}", 200, 1, (f"p{number}",), (), more
        )
        text = encode(row)
        head = follow(head, text)
        lines.append(text + b" " + stamp(KEY.stamps, head))
        if number % EVERY == 0:
            signed.append(Checkpoint(1, number, head, 1, 0, number).signed(KEY))
    return lines, signed


LINES, SIGNED = chain()


def judged(lines: list[bytes], key: Verifier = KEY) -> Verified:
    return judge(1, lambda chain: (Line(FILE, line) for line in lines), {1: SIGNED}, key)


def edited(random: Random, lines: list[bytes]) -> None:
    """A byte of a row or of its stamp becomes another."""
    place = random.randrange(len(lines))
    line = bytearray(lines[place])
    at = random.randrange(len(line))
    line[at] = random.choice([byte for byte in range(32, 127) if byte != line[at]])
    lines[place] = bytes(line)


def removed(random: Random, lines: list[bytes]) -> None:
    """A row that is not the last is gone."""
    place = random.randrange(len(lines) - 1)
    del lines[place]


def inserted(random: Random, lines: list[bytes]) -> None:
    """A row of the same or a made-up content stands in between."""
    place = random.randrange(len(lines))
    if random.random() < 0.5:
        line = lines[random.randrange(len(lines))]
    else:
        line = encode(Row(place + 1, 1, READ, patients=("p9",))) + b" " + random.randbytes(12).hex().encode()
    lines.insert(place, line)


def reordered(random: Random, lines: list[bytes]) -> None:
    """Two rows have changed places."""
    first, second = sorted(random.sample(range(len(lines)), 2))
    lines[first], lines[second] = lines[second], lines[first]


def restamped(random: Random, lines: list[bytes]) -> None:
    """A row says something else, with a stamp that its writer thought up, or that of another key."""
    place = random.randrange(len(lines))
    row, number, mark = parted(lines[place]) or (b"", 0, b"")
    said = orjson.loads(row)
    said[random.choice((1, 4, 7))] = random.randrange(1 << 40)
    text = orjson.dumps(said)
    made = stamp(random.randbytes(32), follow(beginning(1), text)) if random.random() < 0.5 else mark
    lines[place] = text + b" " + made
    assert number == place + 1


@pytest.mark.parametrize("change", [edited, removed, inserted, reordered, restamped])
def test_whatever_is_done_to_a_row_the_first_bad_entry_is_named(change: Callable[[Random, list[bytes]], None]) -> None:
    """2,000 times each: 10,000 in all."""
    assert judged(LINES).bad is None
    random = Random(20260401)
    for _ in range(2_000):
        lines = list(LINES)
        change(random, lines)
        pairs = enumerate(zip_longest(lines, LINES), 1)
        first = next(place for place, (one, other) in pairs if one != other)
        bad = judged(lines).bad
        assert bad is not None
        assert bad.sequence == first


def test_rows_stamped_again_by_whoever_has_the_key_are_found_at_the_next_checkpoint() -> None:
    """From the row that was changed to the end, as the engine itself would have written it."""
    random = Random(7)
    for _ in range(300):
        place = random.randrange(ROWS)
        head, lines = beginning(1), []
        for number, line in enumerate(LINES):
            row = line.rpartition(b" ")[0]
            text = row.replace(b'"gp"', b'"mdt-member"') if number == place else row
            head = follow(head, text)
            lines.append(text + b" " + stamp(KEY.stamps, head))
        bad = judged(lines).bad
        assert bad is not None
        last_good = place // EVERY * EVERY
        assert (bad.sequence, bad.what) == (last_good + 1, f"or one after it up to {last_good + EVERY} is not what was signed")


def test_who_has_the_public_key_alone_finds_the_same_between_two_checkpoints() -> None:
    public = Verifier(KEY.public)
    assert judged(LINES, public).bad is None
    lines = list(LINES)
    lines[23] = lines[23].replace(b'"gp"', b'"hp"')
    assert judged(lines, public).bad == Bad(1, 21, FILE, "or one after it up to 30 is not what was signed")


@pytest.mark.parametrize("left", range(ROWS + 3))
def test_what_is_cut_off_is_found_down_to_the_last_checkpoint(left: int) -> None:
    bad = judged(LINES[:left]).bad
    if left >= ROWS:
        assert bad is None
    else:
        assert bad == Bad(1, left + 1, FILE, f"and what follows up to {ROWS} is cut off")


def test_a_checkpoint_of_another_key_is_found() -> None:
    other = AuditKey(bytes(32))
    forged = [*SIGNED[:2], SIGNED[2].signed(other), SIGNED[3]]
    found = judge(1, lambda chain: (Line(FILE, line) for line in LINES), {1: forged}, KEY)
    assert found.bad == Bad(1, 30, "00000001.checkpoints", "has a checkpoint that the key did not sign")


def test_a_log_goes_over_to_a_further_file_and_is_one_chain(opened: Callable[..., AuditLog], tmp_path: Path) -> None:
    log = opened(size=2_000)
    for number in range(100):
        log.write(READ, ("u",), "read", "Patient", f"p{number}", 200, 1, (f"p{number}",))
    log.close()
    assert log.part > 5
    found = verified(tmp_path)
    assert (found.bad, found.rows, found.chains) == (None, 102, 1)


def test_a_file_in_the_middle_that_is_gone_is_missed(opened: Callable[..., AuditLog], tmp_path: Path) -> None:
    log = opened(size=2_000)
    for number in range(100):
        log.write(READ, ("u",), "read", "Patient", f"p{number}")
    log.close()
    (tmp_path / "audit" / "00000001-0003.log").unlink()
    bad = verified(tmp_path).bad
    assert bad is not None
    assert (bad.file, bad.what) == ("00000001-0003.log", "is no row")


def test_a_chain_that_is_gone_is_missed(opened: Callable[..., AuditLog], tmp_path: Path) -> None:
    for _ in range(3):
        log = opened()
        log.write(READ)
        log.close()
    (tmp_path / "audit" / "00000002-0001.log").unlink()
    (tmp_path / "elsewhere" / "00000002.checkpoints").unlink()
    bad = verified(tmp_path).bad
    assert bad == Bad(2, 1, "00000002-0001.log", "and the whole chain is missing")


def test_a_chain_goes_on_from_the_one_before(opened: Callable[..., AuditLog], tmp_path: Path) -> None:
    """Whoever has the key and writes a whole chain anew, checkpoints too, is betrayed by the next one."""
    log = opened()
    log.write(READ, interaction="read")
    log.close()
    opened().close()
    for path in (*(tmp_path / "audit").glob("00000001*"), *(tmp_path / "elsewhere").glob("00000001*")):
        path.unlink()
    again = AuditLog.open(tmp_path / "audit2", tmp_path / "elsewhere", KEY, log._clock, background=False)
    again.write(READ, interaction="vread")
    again.close()
    (tmp_path / "audit2" / FILE).rename(tmp_path / "audit" / FILE)
    assert verified(tmp_path).bad == Bad(1, 3, "00000002-0001.log", "is not the one that chain 2 goes on from")


def test_chains_side_by_side_are_verified(opened: Callable[..., AuditLog], tmp_path: Path) -> None:
    """A command that writes beside the engine has a chain of its own."""
    engine = opened()
    engine.write(READ)
    command = opened()
    command.write(READ)
    command.close()
    engine.write(READ)
    engine.close()
    found = verified(tmp_path)
    assert (found.bad, found.chains, found.rows) == (None, 2, 7)


@pytest.mark.parametrize("torn", [b"[4,1", b"\0" * 5_000, b"\0\n\0\n", b'[4,1,"read"] 0123456789ab0123456789ab\n'])
def test_what_a_process_was_in_the_middle_of_is_set_aside(opened: Callable[..., AuditLog], tmp_path: Path, torn: bytes) -> None:
    """As after ``kill -9`` or a power cut: the row whose write was not ended, blocks that never came."""
    log = opened()
    log.write(READ, interaction="one")
    log.write(READ, interaction="two")
    ended(log)
    path = tmp_path / "audit" / FILE
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    following = opened()
    assert (following.recovered.chain, following.recovered.sequence, following.recovered.aside) == (1, 3, len(torn))
    following.close()
    assert path.read_bytes() == whole
    assert path.with_suffix(".torn").read_bytes() == torn
    assert verified(tmp_path).bad is None


def ended(log: AuditLog) -> None:
    """As the process was killed: nothing more is written, the file is let go."""
    os.close(log._file)


def verified(place: Path) -> Verified:
    return verify(place / "audit", place / "elsewhere", KEY)
