"""The simulation against what queueing theory knows, and its page."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import factorial
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from conformance.cli import app
from conformance.scaling.facts import Unusable, calibrated, measured, places
from conformance.scaling.model import FULL, TURN, WAKE, Costs, Load, limits, looked_for, simulated
from conformance.scaling.page import PAGE, SEED, written
from conformance.scaling.queueing import arrivals, grouped, in_order, percentile, served, waits

TOLERANCE = 0.06


def mean_wait(load: float, service: Callable[[Random], float], servers: int, seed: int) -> float:
    """The mean time in a queue and at its service of one second on average, of 200,000 customers."""
    chance = Random(seed)
    print(f"seed {seed}")
    came = arrivals(load * servers, 200_000 / (load * servers), chance)
    found = waits(came, served(came, service, servers, chance))
    return sum(found) / len(found)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_one_server_and_chance_services_wait_as_theory_says(load: float) -> None:
    """M/M/1: 1 / (μ - λ)."""
    assert mean_wait(load, lambda chance: chance.expovariate(1), 1, 7) == pytest.approx(1 / (1 - load), rel=TOLERANCE)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_one_server_and_equal_services_wait_half_as_long_in_the_queue(load: float) -> None:
    """M/D/1: 1 + ρ / (2 (1 - ρ))."""
    assert mean_wait(load, lambda chance: 1.0, 1, 8) == pytest.approx(1 + load / (2 * (1 - load)), rel=TOLERANCE)


@pytest.mark.parametrize("servers", [2, 4])
def test_several_servers_wait_as_erlang_says(servers: int) -> None:
    """M/M/c: Erlang C."""
    load = 0.75
    offered = load * servers
    waiting = offered**servers / factorial(servers) / (1 - load)
    queued = waiting / (sum(offered**each / factorial(each) for each in range(servers)) + waiting)
    expected = 1 + queued / (servers * (1 - load))
    assert mean_wait(load, lambda chance: chance.expovariate(1), servers, 9) == pytest.approx(expected, rel=TOLERANCE)


def test_who_is_taken_together_is_done_together_and_nobody_beyond_the_limit() -> None:
    assert grouped([0.0, 0.1, 0.2, 0.3, 9.0], fixed=1.0, each=0.5, limit=2) == [1.5, 3.5, 3.5, 5.0, 10.5]
    came = arrivals(5_000, 20, Random(3))
    print("seed 3")
    alone = grouped(came, fixed=0.001, each=0.0, limit=1_000)
    assert max(waits(came, alone)) <= 0.002 + 1e-9  # who comes during a commit waits for it and has the next


@given(st.lists(st.floats(0, 1e6), max_size=50))
def test_nobody_leaves_before_who_came_earlier(times: list[float]) -> None:
    found = in_order(times)
    assert found == sorted(found)
    assert all(later >= time for later, time in zip(found, times, strict=True))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=100), st.floats(0.01, 1))
def test_a_share_of_all_waits_is_within_its_percentile(values: list[float], share: float) -> None:
    bound = percentile(values, share)
    assert bound in values
    assert sum(each <= bound for each in values) >= share * len(values) - 1e-6


def test_a_deployment_is_as_large_as_the_busiest_minute_asks_for() -> None:
    costs = Costs.of(measured())
    found = [simulated(place, costs, SEED) for place in places()]
    assert [each.cores for each in found] == sorted(each.cores for each in found)
    assert found == [simulated(place, costs, SEED) for place in places()]
    for each in found:
        part = each.load.share(each.shards)
        assert part.taken * costs.apply <= FULL
        assert 0 < each.acknowledged < each.visible < 1.0
    assert [each.people for each in limits(costs)] == sorted(each.people for each in limits(costs))
    full = next(each for each in limits(costs) if each.what.startswith("applying"))
    assert Load.of(full.people).taken * costs.apply == pytest.approx(FULL)


def test_several_processes_look_for_what_another_has_taken_in_and_are_as_many_as_the_page_prescribes() -> None:
    costs = Costs.of(measured())
    practice, *others = [simulated(place, costs, SEED) for place in places()]
    assert (practice.cores, practice.visible < TURN * 2) == (2, True)
    for each in others:
        assert each.cores >= 7 * each.shards
        assert WAKE <= each.visible < 2 * WAKE
    assert looked_for([0.001, WAKE, 1.01], costs) == pytest.approx([each + 2 * costs.commit for each in (WAKE, WAKE, 1.05)])


def test_the_page_has_what_is_simulated() -> None:
    page = PAGE.read_text("utf-8")
    assert written(page) == page


def line(figure: str, value: float) -> str:
    return json.dumps({"bench": "x", "figure": figure, "value": value, "machine": {"cpu": "made up"}, "versions": "1", "data": "d"})


def test_figures_of_a_bench_take_the_place_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    file.write_text(line("applied and searchable", 10 * measured()["apply"].value) + "\n" + line("something else", 1) + "\n")
    found = calibrated(file)
    assert found["apply"].value == 10 * measured()["apply"].value
    assert found["apply"].machine == "cpu made up"
    assert found["read"] == measured()["read"]

    def asked(*options: str) -> float:
        done = CliRunner().invoke(app, ["simulate", "--people", "60000000", "--json", *options])
        assert done.exit_code == 0, done.output
        return float(json.loads(done.output.splitlines()[0])["applying"])

    assert asked("--calibrate", str(file)) == pytest.approx(asked() / 10)


@pytest.mark.parametrize("text", ["no JSON", "{}", line("something else", 1), line("read by id", 0), line("read by id", -1), ""])
def test_a_file_that_is_no_benchs_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bench.json"
    file.write_text(text)
    with pytest.raises(Unusable):
        calibrated(file)
    done = CliRunner().invoke(app, ["simulate", "--calibrate", str(file)])
    assert done.exit_code == 2
    assert "--calibrate" in done.stderr


def test_a_file_of_figures_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["simulate", "--calibrate", str(tmp_path / "none.json")])
    assert (done.exit_code, "Errno" in done.stderr) == (2, False)
    assert f"{tmp_path / 'none.json'} cannot be read" in done.stderr


def test_the_command_prints_the_table_with_its_seed() -> None:
    done = CliRunner().invoke(app, ["simulate", "--seed", "5"])
    assert done.exit_code == 0
    assert done.output.startswith("seed 5\n")
    assert "| England | 60,000,000 |" in done.output
