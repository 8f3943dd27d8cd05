"""``conformance crash``: it finds what it is there to find, and finds nothing in this engine.

100 kills of 10,000 messages each are ``conformance crash``; with the power gone too ``conformance crash --power``.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from conformance.bench.report import WrongOutcome
from conformance.crash.command import Request, run
from conformance.crash.held import Held
from conformance.crash.power import Losing
from conformance.crash.rounds import APPLYING, KINDS, Moment, judge, kill_round, unharmed
from conformance.crash.senders import traffic
from tests.failures import failing
from tests.postgres import Server
from tests.spec.durability.test_unsynced import shim as shim

WANTED = Held({"a": "applied", "b": "applied"}, 0, {"Patient/1": "x", "Patient/2": ""}, frozenset([frozenset("p")]), {"f": 2})
ALIKE = WANTED._replace(repeats=1)


def test_what_is_as_it_should_be_is_taken() -> None:
    judge(ALIKE, WANTED, 1)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (ALIKE._replace(states={"a": "applied"}), "1 messages are not those that were sent"),
        (ALIKE._replace(states={**WANTED.states, "c": "applied"}), "1 messages are not those"),
        (ALIKE._replace(states={"a": "applied", "b": "failed"}), "not applied but failed"),
        (ALIKE._replace(repeats=0), "1 messages were sent twice, 0 were known"),
        (ALIKE._replace(repeats=2), "2 were known as repeats"),
        (ALIKE._replace(content={"Patient/1": "x"}), "1 Patient"),
        (ALIKE._replace(content={**WANTED.content, "Patient/1": "y"}), "1 Patient"),
        (ALIKE._replace(persons=frozenset()), "1 persons"),
        (ALIKE._replace(losses={"f": 4}), "1 counts of fields"),
    ],
)
def test_whatever_differs_is_told(found: Held, said: str) -> None:
    with pytest.raises(WrongOutcome, match=said):
        judge(found, WANTED, 1)


def test_a_seed_chooses_the_same_moments_and_many_of_each_kind() -> None:
    drawn = [Moment.drawn(Random(f"1-{number}"), 10_000) for number in range(1, 101)]
    assert drawn == [Moment.drawn(Random(f"1-{number}"), 10_000) for number in range(1, 101)]
    assert {each.kind for each in drawn} == set(KINDS)
    assert all(0 < each.after < 10_000 for each in drawn)
    assert str(Moment(APPLYING, 12, 0.004, 1.0)) == "4 ms after 12 applied"


def test_rounds_of_another_request_are_not_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rounds.ndjson").write_text(json.dumps({"messages": 300, "seed": 2, "power": False, "postgresql": False}) + "\n")
    assert run(Request(1, 300, 1, False, "", tmp_path, True)) == 2
    assert "give their options, or another folder" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.parametrize(("kills", "messages"), [(3, 300), (4, 3_000)])
@failing(
    "engine",
    "taking in",
    "applying",
    "starting",
    seen="connections end; a start is cut short too",
    recovered="what was acknowledged is there once, with the content of an engine that nobody killed",
)
def test_what_was_acknowledged_outlives_kills_under_load(tmp_path: Path, kills: int, messages: int) -> None:
    assert run(Request(kills, messages, 1, False, "", tmp_path, True)) == 0
    assert len((tmp_path / "rounds.ndjson").read_text().splitlines()) == 1 + kills


@pytest.mark.long
@pytest.mark.parametrize(("kills", "messages"), [(3, 300), (3, 3_000)])
@failing(
    "power",
    "taking in",
    "applying",
    "starting",
    seen="what was not synced is gone, in part",
    recovered="what was acknowledged is there once, with the content of an engine that nobody killed",
)
def test_what_was_acknowledged_outlives_the_power(shim: Path, tmp_path: Path, kills: int, messages: int) -> None:
    assert run(Request(kills, messages, 4, True, "", tmp_path, True)) == 0


@pytest.mark.long
def test_what_was_acknowledged_outlives_kills_over_postgresql(tmp_path: Path, postgres: Server) -> None:
    assert run(Request(3, 300, 1, False, postgres.url("crash"), tmp_path, True)) == 0


@pytest.mark.long
def test_an_engine_on_a_disk_that_only_says_that_it_syncs_is_found_out(shim: Path, tmp_path: Path) -> None:
    """An engine that answered before the sync would look like this one."""
    bodies = traffic(41, 300)
    wanted = unharmed(tmp_path / "unharmed", bodies)
    faults = tmp_path / "faults"
    faults.write_text("sync 0 journal.sqlite\n")

    class Nothing(Losing):
        def lose(self, random: Random, share: float | None = None) -> str:
            return super().lose(random, 0.0)

    with pytest.raises(WrongOutcome):
        kill_round(tmp_path / "data", bodies, "1-1", wanted, Nothing(shim, tmp_path / "data", tmp_path / "disk", faults=faults))
