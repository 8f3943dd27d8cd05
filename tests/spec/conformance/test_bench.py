"""Benches: what they count, and that they fail where the outcome is wrong. None measures anything here."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from conformance.bench import command
from conformance.bench.carried import carried, variants
from conformance.bench.console import longest, received
from conformance.bench.data import Data, frames, sample, write
from conformance.bench.load import paced
from conformance.bench.machine import machine
from conformance.bench.report import Figure, WrongOutcome
from conformance.bench.server import FEED
from conformance.cli import app
from interop.pages.console.standing import lines
from interop.pages.visiting import PACKAGE
from interop.screen.templating import render

MESSAGE = b"MSH|^~\\&|PAS|RZ9\rPID|1||A1^^^X~B2||DOE^JO\r"


def test_every_populated_component_is_blanked_once_and_alone() -> None:
    """MSH-1 and MSH-2 stay; every other populated component is blanked in a message of its own."""
    made = dict(variants(MESSAGE))
    assert list(made) == [
        "MSH[0]-3[0].1", "MSH[0]-4[0].1", "PID[1]-1[0].1", "PID[1]-3[0].1", "PID[1]-3[0].4", "PID[1]-3[1].1", "PID[1]-5[0].1",
        "PID[1]-5[0].2",
    ]  # fmt: skip
    assert made["PID[1]-3[0].4"] == b"MSH|^~\\&|PAS|RZ9\rPID|1||A1^^^~B2||DOE^JO\r"
    assert made["PID[1]-3[1].1"] == b"MSH|^~\\&|PAS|RZ9\rPID|1||A1^^^X~||DOE^JO\r"


def test_a_component_is_carried_where_the_output_changes_without_it() -> None:
    """A converter that reads PID-5 alone carries its two components of eight; a refusal is a change."""
    assert carried([MESSAGE], lambda bodies: [body.split(b"|")[-1] for body in bodies]) == (2, 8)
    assert carried([MESSAGE], lambda bodies: [None if b"DOE" not in body else 1 for body in bodies]) == (1, 8)


def test_the_messages_are_distinct_and_three_in_ten_change_what_is_there(tmp_path: Path) -> None:
    """Written before any clock runs; the same seed gives the same messages and the same sample of stays."""
    data = write(tmp_path / "a", seed=7, count=8_000)
    whole = frames(data.path)
    assert len(whole) == len(set(whole)) == 8_000
    assert 0.25 < data.changing < 0.36
    again = write(tmp_path / "b", seed=7, count=8_000)
    assert again.path.read_bytes() == data.path.read_bytes()
    assert sample(again, 20) == sample(data, 20)
    assert len(set(sample(data, 20))) == 20


def test_one_trigger_alone_can_be_asked_for(tmp_path: Path) -> None:
    """The bench of conversion takes admissions only."""
    data = write(tmp_path / "a", seed=1, count=50, trigger="A01")
    assert all(b"|ADT^A01" in frame for frame in frames(data.path))
    assert data.changing == 0


def test_the_median_of_the_runs_is_shown_beside_its_target() -> None:
    """A figure is met from its target on."""
    figure = Figure("accepted", "messages/s", [3.0, 1.0, 2.0], [5.0, 6.0, 7.0], target=2.0)
    assert figure.value == 2.0
    assert figure.as_json()["met"] is True
    assert "target 2: met" in "\n".join(figure.lines())


def test_the_machine_is_named(tmp_path: Path) -> None:
    """Processor, cores, kernel, versions and the time of a sync."""
    said = machine(tmp_path).as_json()
    assert all(said[name] for name in ("cpu", "cores", "kernel", "python", "sqlite"))
    assert said["fsync"] > 0


def test_pieces_are_due_at_their_rate() -> None:
    """A thousand a second: one each millisecond after the first; without a rate all are due."""
    due = [each.due for each in paced([b"a", b"b", b"c"], 1_000)]
    assert [round(each - due[0], 9) for each in due] == [0.0, 0.001, 0.002]
    assert [each.due for each in paced([b"a", b"b"], 0)] == [0, 0]


def test_the_bench_of_the_console_counts_what_the_console_shows() -> None:
    """Of its own feed, with thousands; of another none."""
    numbers = {"applied": 1_100, "waiting": 100, "refused": 34, "shelved": 0, "failed": 0}
    feed = {"feed": FEED, "state": "waiting", "received": 1_234, **numbers}
    shown = lines([feed, {**feed, "feed": "other", "received": 7}])
    assert received(render(PACKAGE, "console/_standing.html", feeds=shown, needs=[], destinations=[], problem=None)) == 1_234
    assert received(render(PACKAGE, "console/_standing.html", feeds=shown[1:], needs=[], destinations=[], problem=None)) is None


def test_a_stream_that_ends_early_is_as_long_without_an_event() -> None:
    assert longest([0.0, 1.0, 2.1, 3.0, 3.5]) == pytest.approx(1.1)
    assert longest([0.0, 1.0, 2.0, 30.0]) == 28.0


def test_a_wrong_outcome_fails_the_bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 and a sentence; no figure is printed."""

    def wrong(data: Data, runs: int, directory: Path) -> list[Figure]:
        raise WrongOutcome("5 sent, 4 accepted")

    monkeypatch.setitem(command.BENCHES, "read", command.BENCHES["read"]._replace(measure=wrong))
    assert command.run(["read"], messages=20, seed=1, runs=1, full=False, as_json=False) == 1
    said = capsys.readouterr()
    assert "5 sent, 4 accepted" in said.err
    assert not said.out


def test_a_bench_that_is_not_there_is_named() -> None:
    """With those that are."""
    answer = CliRunner().invoke(app, ["bench", "walk"])
    assert answer.exit_code == 2
    assert all(name in answer.output for name in command.BENCHES)
