"""The bench of conversion by family: every family runs, tiny, and counts what it made. Nothing is judged by its seconds here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.bench import converted
from conformance.bench.command import families
from conformance.bench.families import CASES, gp_record, report
from conformance.bench.peers import PEERS
from conformance.bench.report import WrongOutcome
from interop.mapping.files import messages


@pytest.mark.parametrize("name", CASES)
def test_each_family_has_distinct_messages_that_its_adapter_knows(name: str, tmp_path: Path) -> None:
    """As many as asked for, beside the one that tells what starting takes."""
    one, *rest = CASES[name].make(tmp_path, 5, 6)
    bodies = [body for path in rest for _, body in messages(path)]
    assert len(list(messages(one))) == 1
    assert len(set(bodies)) == len(bodies)
    assert len(bodies) == 6 or sum(body.count(b"\r\n") - 1 for body in bodies) == 6


def test_documents_have_the_size_that_is_said() -> None:
    """50 kB of CDA, 250 kB of OpenHR, within a tenth."""
    assert 0.9 < len(report(1, 2)) / 50_000 < 1.1
    assert 0.9 < len(gp_record(1, 2)) / 250_000 < 1.1


def test_a_family_is_measured_beside_its_peers(capsys: pytest.CaptureFixture[str]) -> None:
    """Engine, reading alone, both peers; each with memory; the engine with what it carries."""
    assert families(["emis"], messages=120, seed=1, runs=1, as_json=True) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(said) == 4
    assert all(one["value"] > 0 and "peak memory, MB" in one for one in said)
    assert "unmapped" not in said[0]["source fields carried"]
    assert all(one["it"] for one in said[2:])


@pytest.mark.long
def test_an_output_that_is_missing_fails_the_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of six messages is nobody's."""

    def spoilt(directory: Path, seed: int, count: int) -> list[Path]:
        paths = CASES["ers"].make(directory, seed, count)
        paths[-1].write_bytes(b"{}")
        return paths

    with pytest.raises(WrongOutcome, match="exit 1"):
        converted.measure(CASES["ers"]._replace(make=spoilt), 1, 6, 1, tmp_path)


def test_every_peer_is_somebodys() -> None:
    """And says what it does."""
    assert set(PEERS) == {name for case in CASES.values() for name in case.peers}
    assert all(peer.does for peer in PEERS.values())
