"""Parts of the audit that are no longer kept go whole, under signed statements; what is left is verified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from interop.audit.disposal import due, removals, remove
from interop.audit.key import AuditKey, Verifier
from interop.audit.log import AuditLog
from interop.audit.row import READ
from interop.audit.verify import Verified, verify
from interop.clock import ManualClock

KEY = AuditKey(bytes(range(32)))
DAY = 24 * 3600 * 1_000_000


@pytest.fixture
def begin(tmp_path: Path) -> Callable[[], AuditLog]:
    clock = ManualClock()

    def opened() -> AuditLog:
        clock.advance(DAY / 1_000_000)
        return AuditLog.open(tmp_path / "audit", tmp_path / "signed", KEY, clock, size=1_000, background=False)

    return opened


def filled(log: AuditLog, rows: int = 30) -> None:
    """Several parts, and the end of the chain."""
    for _ in range(rows):
        log.write(READ, interaction="read")
    log.close()


def gone(tmp_path: Path, before: int, now: int = 1) -> list[tuple[int, int]]:
    """Remove what is due."""
    parts = list(due(tmp_path / "audit", tmp_path / "signed", KEY, before))
    for part in parts:
        remove(tmp_path / "audit", tmp_path / "signed", KEY, *part, now)
    return parts


def verified(tmp_path: Path, key: Verifier = KEY) -> Verified:
    return verify(tmp_path / "audit", tmp_path / "signed", key)


def test_chains_that_are_old_go_and_the_rest_is_verified_with_the_key_and_without(
    begin: Callable[[], AuditLog], tmp_path: Path
) -> None:
    filled(begin())
    filled(begin())
    last = begin()
    rows = verified(tmp_path).rows
    assert gone(tmp_path, last.now() - 3 * DAY) == []
    parts = gone(tmp_path, last.now() - DAY // 2)
    assert {chain for chain, _ in parts} == {1, 2}
    assert len(parts) == 6
    assert {path.name[:8] for path in (tmp_path / "audit").glob("*.log")} == {"00000003"}
    for key in (KEY, Verifier(KEY.public)):
        found = verified(tmp_path, key)
        assert (found.bad, found.rows + found.removed) == (None, rows)
        assert found.removed == rows - 1
    last.close()
    filled(begin())
    assert verified(tmp_path).bad is None


def test_of_a_chain_only_old_parts_go_and_never_one_that_no_later_checkpoint_follows(
    begin: Callable[[], AuditLog], tmp_path: Path
) -> None:
    log = begin()
    for _ in range(12):
        log.write(READ, interaction="read")
    log._clock.advance(DAY / 1_000_000)  # type: ignore[attr-defined]
    filled(log, 12)
    middle = log.now() - DAY // 2
    begin().close()
    parts = gone(tmp_path, middle)
    assert parts
    assert {chain for chain, _ in parts} == {1}
    there = sorted(path.name for path in (tmp_path / "audit").glob("00000001-*.log"))
    assert there[0] == f"00000001-{parts[-1][1] + 1:04d}.log"
    found = verified(tmp_path)
    assert (found.bad, found.removed > 0, found.rows > 0) == (None, True, True)
    begin().close()
    assert verified(tmp_path).bad is None


@pytest.mark.parametrize("harm", ["statement", "head", "without"])
def test_what_is_gone_without_a_statement_that_the_key_signed_is_named(
    harm: str, begin: Callable[[], AuditLog], tmp_path: Path
) -> None:
    filled(begin())
    last = begin()
    gone(tmp_path, last.now() - DAY // 2)
    path = tmp_path / "signed" / "00000001.removed"
    if harm == "without":
        path.unlink()
    else:
        lines = path.read_bytes().splitlines()
        said = orjson.loads(lines[-1])
        said["sequence" if harm == "statement" else "head"] = 7 if harm == "statement" else "00" * 32
        path.write_bytes(b"\n".join([*lines[:-1], orjson.dumps(said)]) + b"\n")
    bad = verified(tmp_path).bad
    assert bad is not None
    assert bad.chain == 1


def test_a_part_that_is_not_as_it_was_written_is_not_let_go(begin: Callable[[], AuditLog], tmp_path: Path) -> None:
    filled(begin())
    last = begin()
    path = tmp_path / "audit" / "00000001-0002.log"
    path.write_bytes(path.read_bytes().replace(b'"read"', b'"vrea"', 1))
    with pytest.raises(ValueError, match=r"00000001-0002\.log is not as it was written"):
        gone(tmp_path, last.now() - DAY // 2)
    assert path.exists()
    assert [one.part for one in removals(tmp_path / "signed")[1]] == [1]


def test_cut_off_between_statement_and_file_it_goes_on(
    begin: Callable[[], AuditLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(begin())
    last = begin()

    def fails(self: Path, missing_ok: bool = False) -> None:
        raise OSError("cut off")

    monkeypatch.setattr(Path, "unlink", fails)
    with pytest.raises(OSError, match="cut off"):
        gone(tmp_path, last.now() - DAY // 2)
    monkeypatch.undo()
    assert verified(tmp_path).bad is None
    gone(tmp_path, last.now() - DAY // 2)
    found = verified(tmp_path)
    assert (found.bad, list((tmp_path / "audit").glob("00000001*"))) == (None, [])
