"""What events and the passing of time make of a clock: each step once, in whatever order things are told."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from interop.clocks.limits import Limit
from interop.clocks.opening import MINUTE
from interop.clocks.runs import Run, following, reopened, started, stopped, taken
from interop.clocks.tasks import name_of, run_of, task_of, took
from interop.fhir.validation import check
from tests.spec.clocks.tables import at, limit

TWO_HOURS = limit()
START = at("2026-11-23T10:00:00")


def after(minutes: int) -> int:
    return START + minutes * MINUTE


def begun(of: Limit = TWO_HOURS, start: int = START, before: Run | None = None) -> Run:
    run = started(of, start, before)
    assert run is not None
    return run


def step(run: Run, minutes: int, of: Limit = TWO_HOURS) -> tuple[str, tuple[str, ...], Run] | None:
    found = taken(of, run, after(minutes))
    return (found.kind, found.to, found.run) if found is not None else None


def test_it_warns_once_and_breaches_once() -> None:
    run = begun()
    assert following(TWO_HOURS, run) == after(90)
    assert step(run, 89) is None
    kind, to, run = step(run, 90) or ("", (), run)
    assert (kind, to) == ("warned", ("care-team",))
    assert step(run, 119) is None
    assert following(TWO_HOURS, run) == after(120)
    kind, to, run = step(run, 120) or ("", (), run)
    assert (kind, to) == ("breached", ("named-clinician",))
    assert step(run, 120 + 30 * 24 * 60 - 1) is None
    assert following(TWO_HOURS, run) == after(120 + 30 * 24 * 60)


def test_what_nobody_ends_is_closed_thirty_days_after_it_was_due_and_told_to_nobody() -> None:
    run = Run(START, START, after(120), "breached", breached=after(120))
    kind, to, run = step(run, 120 + 30 * 24 * 60) or ("", (), run)
    assert (kind, to, run.state, run.open, run.unended) == ("closed", (), "breached", False, True)
    assert following(TWO_HOURS, run) is None
    assert stopped(TWO_HOURS, run, after(2 * 365 * 24 * 60)) is None
    assert started(TWO_HOURS, START, run) is None
    task = task_of(TWO_HOURS, run, after(0), BEFORE)
    assert (run_of(task), took(task)) == (run, None)


def test_what_was_closed_is_judged_by_a_stop_that_is_told_late() -> None:
    closed = Run(START, START, after(120), "breached", stop=after(120 + 30 * 24 * 60), breached=after(120), unended=True)
    run = stopped(TWO_HOURS, closed, after(100))
    assert run is not None
    assert (run.state, run.unended) == ("met", False)


def test_what_was_closed_runs_again_where_it_is_due_after_that() -> None:
    closed = Run(START, START, after(120), "breached", stop=after(120 + 30 * 24 * 60), breached=after(120), unended=True)
    run = started(TWO_HOURS, after(60 * 24 * 60), closed)
    assert run is not None
    assert (run.open, run.state) == (True, "running")


def test_stopped_in_time_it_is_met_and_nothing_more_is_done() -> None:
    run = stopped(TWO_HOURS, begun(), after(120))
    assert run is not None
    assert run.state == "met"
    assert step(run, 500) is None


def test_stopped_too_late_it_is_breached() -> None:
    run = stopped(TWO_HOURS, begun(), after(121))
    assert run is not None
    assert run.state == "breached"


def test_a_stop_that_is_told_after_the_breach_counts_by_when_it_happened() -> None:
    _, _, run = step(begun(), 130) or ("", (), begun())
    met = stopped(TWO_HOURS, run, after(60))
    assert met is not None
    assert met.state == "met"
    assert met.breached == after(130)


def test_told_twice_it_changes_nothing() -> None:
    run = begun()
    assert started(TWO_HOURS, START, run) is None
    done = stopped(TWO_HOURS, run, after(60))
    assert done is not None
    assert stopped(TWO_HOURS, done, after(60)) is None
    assert started(TWO_HOURS, START, done) is None


def test_of_two_stops_the_earlier_counts_whichever_is_told_first() -> None:
    one = stopped(TWO_HOURS, begun(), after(130))
    assert one is not None
    both = stopped(TWO_HOURS, one, after(60))
    assert both is not None
    assert (both.stop, both.state) == (after(60), "met")
    other = stopped(TWO_HOURS, begun(), after(60))
    assert other is not None
    assert stopped(TWO_HOURS, other, after(130)) is None


def test_a_start_that_is_moved_back_is_due_sooner() -> None:
    run = begun(start=after(-60), before=begun())
    assert run.due == after(60)
    kind, _, _ = step(run, 60) or ("", (), run)
    assert kind == "breached"


def test_a_start_that_is_moved_back_does_not_warn_again() -> None:
    _, _, warned = step(begun(), 90) or ("", (), begun())
    run = begun(start=after(-10), before=warned)
    assert step(run, 100) is None
    kind, _, _ = step(run, 110) or ("", (), run)
    assert kind == "breached"


def test_a_start_that_is_moved_on_is_warned_of_and_breached_anew() -> None:
    _, _, breached = step(begun(), 120) or ("", (), begun())
    run = begun(start=after(100), before=breached)
    assert run.state == "running"
    assert [(step(run, minutes) or ("",))[0] for minutes in (189, 190)] == ["", "warned"]


def test_a_start_that_is_moved_after_the_stop_is_judged_anew() -> None:
    done = stopped(TWO_HOURS, begun(), after(130))
    assert done is not None
    assert begun(start=after(30), before=done).state == "met"


def test_what_is_cancelled_does_nothing_more_and_may_begin_again() -> None:
    gone = stopped(TWO_HOURS, begun(), after(10), "cancelled")
    assert gone is not None
    assert gone.state == "cancelled"
    assert step(gone, 500) is None
    assert stopped(TWO_HOURS, gone, after(20)) is None
    assert begun(before=gone).state == "running"


def test_what_is_not_needed_has_no_outcome() -> None:
    gone = stopped(TWO_HOURS, begun(), after(60), "not-needed")
    assert gone is not None
    assert gone.state == "not-needed"
    assert stopped(TWO_HOURS, gone, after(70)) is None
    assert started(TWO_HOURS, after(5), gone) is None


def test_what_is_needed_no_more_once_it_was_due_is_breached() -> None:
    gone = stopped(TWO_HOURS, begun(), after(121), "not-needed")
    assert gone is not None
    assert gone.state == "breached"


def test_what_was_done_before_it_was_needed_no_more_counts_though_it_is_told_later() -> None:
    gone = stopped(TWO_HOURS, begun(), after(60), "not-needed")
    assert gone is not None
    done = stopped(TWO_HOURS, gone, after(50))
    assert done is not None
    assert done.state == "met"


def test_a_stop_that_did_not_happen_lets_it_run_on() -> None:
    _, _, breached = step(begun(), 120) or ("", (), begun())
    for run, state in ((begun(), "running"), (breached, "breached")):
        done = stopped(TWO_HOURS, run, after(60))
        assert done is not None
        again = reopened(TWO_HOURS, done)
        assert again is not None
        assert (again.state, again.stop) == (state, None)
    assert reopened(TWO_HOURS, begun()) is None


def test_a_process_that_was_down_does_what_was_due_and_says_how_late() -> None:
    found = taken(TWO_HOURS, begun(), after(120 + 45))
    assert found is not None
    assert (found.kind, found.to, found.run.late, found.run.warned) == ("breached", ("named-clinician",), 45 * MINUTE, 0)


def test_what_was_due_long_ago_is_recorded_and_nobody_is_told() -> None:
    found = taken(TWO_HOURS, begun(), after(120 + 12 * 60 + 1))
    assert found is not None
    assert (found.kind, found.to) == ("breached", ())


def test_a_clock_of_the_machine_that_is_put_back_undoes_and_repeats_nothing() -> None:
    _, _, run = step(begun(), 90) or ("", (), begun())
    assert [step(run, minutes) for minutes in (0, 60, 90, 119)] == [None] * 4
    _, _, run = step(run, 120) or ("", (), run)
    assert [step(run, minutes) for minutes in (0, 90, 120, 180)] == [None] * 4


WINDOW = {"unit": "days", "limit": "7", "earliest": "5", "warn": "earliest", "fresh": "7d"}


def test_before_the_window_a_stop_is_what_the_table_says() -> None:
    day = 24 * 60
    states = {}
    for early in ("met", "early", "ignored"):
        of = limit(early=early, **WINDOW)
        run = stopped(of, begun(of), after(2 * day))
        states[early] = run.state if run is not None else None
    assert states == {"met": "met", "early": "early", "ignored": None}


def test_within_the_window_it_is_met_and_after_it_breached() -> None:
    of, day = limit(early="early", **WINDOW), 24 * 60
    found = [stopped(of, begun(of), after(days * day)) for days in (5, 7, 8)]
    assert [run.state for run in found if run is not None] == ["met", "met", "breached"]


def test_what_happened_to_the_person_before_it_began_does_not_stop_it() -> None:
    assert stopped(limit(matches="person"), begun(limit(matches="person")), after(-1)) is None


def test_what_the_resource_said_before_it_began_was_in_time() -> None:
    run = stopped(TWO_HOURS, begun(), after(-30))
    assert run is not None
    assert run.state == "met"
    assert took(task_of(TWO_HOURS, run, START, {"id": "t"})) == 0


BEFORE = {
    "id": "t1",
    "meta": {"tag": [{"system": "urn:interop:rule", "code": "r1"}]},
    "for": {"reference": "Patient/p1"},
    "focus": {"reference": "Encounter/e1"},
}


def test_a_task_tells_all_that_is_known() -> None:
    _, _, run = step(begun(), 165) or ("", (), begun())
    done = stopped(TWO_HOURS, replace(run, known=False), after(170))
    assert done is not None
    task = task_of(TWO_HOURS, done, after(171), BEFORE)
    assert [each.rule for each in check(task)] == ["dom-6"]  # no narrative
    assert task["status"] == "completed"
    assert task["restriction"]["period"]["end"] == "2026-11-23T12:00:00.000Z"
    assert {each["type"]["coding"][0]["code"] for each in task["output"]} == {"breached", "late", "minutes", "holidays-unknown"}
    assert took(task) == 170
    assert name_of(task) == "visit"
    assert {name: task[name] for name in BEFORE} == BEFORE


MOMENTS = st.integers(0, 400).map(after)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), MOMENTS),
        st.tuples(st.just("stop"), MOMENTS),
        st.tuples(st.just("cancelled"), MOMENTS),
        st.tuples(st.just("not-needed"), MOMENTS),
        st.tuples(st.just("reopen"), MOMENTS),
        st.tuples(st.just("time"), MOMENTS),
    ),
    max_size=12,
)


def play(events: list[tuple[str, int]], matches: str) -> list[tuple[Run | None, str]]:
    """The run after each event, and which step was taken; through the Task each time, as by a process that ends in between."""
    of, run, found = limit(matches=matches), None, []
    for kind, moment in events:
        said = ""
        made = None
        if kind == "start":
            made = started(of, moment, run)
        elif run is not None and kind == "time":
            due = taken(of, run, moment)
            said, made = (due.kind, due.run) if due is not None else ("", None)
        elif run is not None and kind == "reopen":
            made = reopened(of, run)
        elif run is not None:
            made = stopped(of, run, moment, "" if kind == "stop" else kind)
        if made is not None:
            task = task_of(of, made, moment, BEFORE)
            assert not [each for each in check(task) if each.severity == "error"]
            run = run_of(task)
            assert run == made
        found.append((run, said))
    return found


@given(EVENTS, st.sampled_from(("resource", "person")))
def test_what_a_task_tells_is_all_that_is_needed(events: list[tuple[str, int]], matches: str) -> None:
    """Whatever happens, what is read back from the Task is what was written there."""
    play(events, matches)


@given(EVENTS, st.sampled_from(("resource", "person")))
def test_no_step_is_taken_twice_for_one_due_time(events: list[tuple[str, int]], matches: str) -> None:
    steps = [(said, run.due) for run, said in play(events, matches) if said and run is not None]
    assert len(steps) == len(set(steps))


@given(EVENTS, st.sampled_from(("resource", "person")))
def test_each_event_told_twice_comes_to_the_same(events: list[tuple[str, int]], matches: str) -> None:
    doubled = [each for event in events for each in (event, event)]
    once, twice = play(events, matches), play(doubled, matches)
    assert [run for run, _ in once] == [run for run, _ in twice[1::2]]
    assert not any(said for (kind, _), (_, said) in zip(doubled[1::2], twice[1::2], strict=True) if kind != "time")
