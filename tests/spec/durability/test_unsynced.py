"""A disk that has only what was synced when the power goes (``conformance/crash/power.c``): what was said to be on disk is there.

Each page of a file and each name of a directory that was not synced is left or gone by chance, whatever came before or after it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import suppress
from errno import EIO
from pathlib import Path
from random import Random

import pytest

from conformance.crash.power import Losing
from interop.audit.parts import chains, lines, part_path
from interop.audit.verify import verify
from tests.failures import failing
from tests.places import ROOT
from tests.spec.durability.state import opened
from tests.spec.durability.synced import KEY

NOTHING_LEFT = 0.0
SQLITE = "journal.sqlite", "record.sqlite"


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("no C compiler: the disk that loses what was not synced cannot be made")
    return Losing.built(tmp_path_factory.mktemp("shim"))


def run_until(disk: Losing, start: int, acknowledged: int, *faults: tuple[Path, str]) -> list[str]:
    """Let a process write until it has said so many things to be on disk, and kill it; what it said. ``faults``: what is written
    to a file each time that it has."""
    command = [sys.executable, "-m", "tests.spec.durability.synced", str(disk.root), str(start)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **disk.environment}) as process:
        assert process.stdout is not None
        said = [line for line, _ in zip(process.stdout, range(acknowledged), strict=False)]
        for path, fault in faults:
            path.write_text(fault)
            said += [line for line, _ in zip(process.stdout, range(acknowledged), strict=False)]
        process.kill()
        said += [line for line in process.stdout if line.endswith("\n")]
    assert len(said) >= acknowledged
    return [line.strip() for line in said]


def missing(data: Path, said: list[str]) -> list[str]:
    """What was said to be on disk and is not."""
    there = set[str]()
    with opened(data / "journal.sqlite") as connection, suppress(sqlite3.OperationalError):  # it may lack even its tables
        there |= {
            f"journal {control}" for (control,) in connection.execute("SELECT control_id FROM entry JOIN body USING (message)")
        }
    with opened(data / "record.sqlite") as connection, suppress(sqlite3.OperationalError):
        there |= {f"record {id}" for (id,) in connection.execute("SELECT id FROM resource WHERE type = 'Patient'")}
    audit = data / "audit"
    for chain, parts in chains(audit).items():
        for part in parts:
            text = b"\n".join(line for _, line in lines(part_path(audit, chain, part)))
            there |= {f"audit {chain} {line[1:].split(b',', 1)[0].decode()}" for line in text.splitlines()}
    return [line for line in said if line not in there]


def campaign(disk: Losing, seed: int, rounds: int, *, share: float | None = None) -> list[str]:
    """Write and lose the power again and again; what is missing after all of it."""
    random, said = Random(seed), list[str]()
    disk.root.mkdir(mode=0o700)
    disk.begin()
    for number in range(1, rounds + 1):
        said += run_until(disk, number, random.randrange(30, 400))
        print(f"seed {seed}, round {number}: {len(said)} on disk, {disk.lose(random, share)}")
        if gone := missing(disk.root, said):
            return gone
        disk.begin()  # whoever looks brings the log into the file
    return []


@failing(
    "power",
    "starting",
    seen="files and directories are as they were at some moment since each was last synced",
    recovered="what was said to be on disk is there: journal, record and audit",
)
def test_what_was_said_to_be_on_disk_is_there(shim: Path, tmp_path: Path) -> None:
    disk = Losing(shim, tmp_path / "data", tmp_path / "disk")
    assert campaign(disk, seed=1, rounds=2) == []
    found = verify(disk.root / "audit", disk.root / "audit" / "checkpoints", KEY)
    assert found.bad is None
    assert found.chains == 2


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 20))
def test_what_was_said_to_be_on_disk_is_there_again_and_again(shim: Path, tmp_path: Path, seed: int) -> None:
    assert campaign(Losing(shim, tmp_path / "data", tmp_path / "disk"), seed, rounds=6) == []


@pytest.mark.long
def test_nothing_unsynced_is_left_and_what_was_synced_is_whole(shim: Path, tmp_path: Path) -> None:
    assert campaign(Losing(shim, tmp_path / "data", tmp_path / "disk"), seed=2, rounds=2, share=NOTHING_LEFT) == []


@pytest.mark.parametrize(("lied", "kind"), [("journal.sqlite", "journal"), ("record.sqlite", "record"), ("audit/", "audit")])
def test_a_disk_that_only_says_that_it_has_synced_is_found_out(shim: Path, tmp_path: Path, lied: str, kind: str) -> None:
    """Whoever takes a sync away fails here: each of the three is looked at. What a checkpoint has brought to disk by chance just
    before the power goes is there, so one disk of three has to lack something."""
    (tmp_path / "faults").write_text(f"sync 0 {lied}")
    lacking: set[str] = set()
    for seed in (3, 4, 5):
        at = tmp_path / str(seed)
        at.mkdir()
        disk = Losing(shim, at / "data", at / "disk", faults=tmp_path / "faults")
        disk.root.mkdir(mode=0o700)
        disk.begin()
        said = run_until(disk, 1, 200)
        disk.lose(Random(seed), NOTHING_LEFT)
        if lacking := {line.split()[0] for line in missing(disk.root, said)}:
            break
    assert lacking == {kind}


@pytest.mark.long
@pytest.mark.parametrize("file", ["journal.sqlite", "record.sqlite", "audit/"])
@pytest.mark.parametrize("seed", range(30, 33))
def test_a_sync_that_has_failed_leaves_no_hole_under_what_is_synced_after_it(
    shim: Path, tmp_path: Path, file: str, seed: int
) -> None:
    """What a failed sync should have brought to disk the system takes for written, and no later sync brings it there."""
    faults, random = tmp_path / "faults", Random(seed)
    faults.touch()
    disk = Losing(shim, tmp_path / "data", tmp_path / "disk", faults=faults)
    disk.root.mkdir(mode=0o700)
    disk.begin()
    said = run_until(disk, 1, random.randrange(40, 80), *[(faults, f"sync {EIO} {file}\n"), (faults, "")] * 3)
    disk.lose(random, NOTHING_LEFT)
    assert missing(disk.root, said) == []
