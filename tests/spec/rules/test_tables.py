"""Tables of rules that could not be right are refused when they are loaded: file, row and reason."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from interop.app import rules_page
from interop.app.acting import addressed, tables_of
from interop.app.clocks import clocks_of
from interop.app.settings import Settings
from interop.clocks.limits import COLUMNS as CLOCKS
from interop.rules.tables import COLUMNS, RulesRefused, RuleTables
from tests.spec.engine.retabling import forget, tables, use
from tests.spec.rules.acting import START

EVENT = ["seen", "changed Encounter", "status=finished", "status = 'finished'", "", "", "", "period.end", "Somebody was seen"]
RULE = ["seen-team", "seen", "%teams.exists()", "task follow-up", "care-team", "1d", "event", "See to it", "It is needed"]
CODE = ["task-own", "task", "own-word", "", "Our own word", "It is ours"]


def site(folder: Path, **rows: list[list[str]]) -> RuleTables:
    """Our tables with these rows laid over them."""
    folder.mkdir(exist_ok=True)
    for name, said in rows.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([COLUMNS[f"{name}.csv"], *said])
    return tables_of(folder, START)


def changed(row: list[str], column: int, value: str) -> list[str]:
    return [*row[:column], value, *row[column + 1 :]]


def test_the_packaged_tables_hold() -> None:
    known = tables_of(None, START)
    assert {rule.event.id for rule in known.rules} <= {event.id for event in known.events}
    assert {"arrived", "admitted", "transferred", "discharged", "conveyed", "not-conveyed", "plan-changed", "break-glass", "result",
            "letter", "did-not-attend", "reading-out-of-range", "risk-list", "death", "practice-changed"} <= {
        rule.event.id for rule in known.rules
    }  # fmt: skip


def test_every_word_of_the_packaged_tables_is_used() -> None:
    known = tables_of(None, START)
    used = {(rule.action, rule.word) for rule in known.rules} | {("worklist", to.name) for rule in known.rules for to in rule.to}
    assert {(code.action, code.code) for code in known.codes} <= used


def test_rows_of_a_site_come_beside_ours(tmp_path: Path) -> None:
    known = site(tmp_path / "site", events=[EVENT], rules=[RULE, changed(RULE, 0, "own-word")], codes=[CODE])
    assert {"seen-team", "own-word"} <= {rule.id for rule in known.rules}


def test_a_row_of_a_site_takes_the_place_of_ours(tmp_path: Path) -> None:
    known = site(tmp_path / "site", rules=[changed(changed(RULE, 0, "admitted-team"), 1, "admitted")])
    (rule,) = (rule for rule in known.rules if rule.id == "admitted-team")
    assert rule.says == "See to it"


def test_a_row_of_a_site_takes_ours_away(tmp_path: Path) -> None:
    known = site(tmp_path / "site", rules=[["reading-team", "-", *[""] * 7]])
    assert "reading-team" not in {rule.id for rule in known.rules}


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        (0, "Not An Id", "an id is of small letters"),
        (1, "vanished Encounter", "vanished is nothing that befalls a resource"),
        (1, "changed Encounters", "changed is of one resource type of R4"),
        (2, "stats=finished", "stats"),
        (2, "status=in-progres,finished", "in-progres is no code of Encounter.status"),
        (2, "subject.name=Ann", "chains"),
        (3, "status = ", "expected"),
        (3, "state = 'finished'", "no element state there"),
        (3, "%teams.exists()", "%teams is not known"),
        (3, "status = 'discharged'", "discharged is no code of Encounter.status: arrived"),
        (3, "status in ('finished' | 'ended')", "ended is no code of Encounter.status"),
        (3, "location.where(status = 'here').exists()", "here is no code of Encounter.location.status"),
        (3, "status.where($this = 'ended').exists()", "ended is no code of Encounter.status"),
        (3, "location.status.all($this = 'here')", "here is no code of Encounter.location.status"),
        (3, "(status | location.status) = 'here'", "here is no code of Encounter.status or Encounter.location.status"),
        (3, "status.startsWith('end')", "startsWith('end') holds of no code of Encounter.status"),
        (3, "(status = 'ended').not()", "ended is no code of Encounter.status"),
        (3, "status", "it yields code, and is to be true or false"),
        (3, "class", "it yields Coding, and is to be true or false"),
        (3, "'x'", "it yields string, and is to be true or false"),
        (3, "extension.where(url = 'u').value", "it yields what the text does not tell"),
        (3, "status = 5", "a number is compared with code"),
        (3, "status = 'finished' and (period.start > 5)", "a number is compared with dateTime"),
        (3, "status = true", "true or false is compared with code"),
        (4, "period.start", "it yields dateTime, and is to be true or false"),
        (4, "%patient.exists()", "%patient is not known"),
        (7, "period.ending", "no element ending there"),
        (7, "status", "it yields code, and is to be a date or a time"),
        (7, "period", "it yields Period, and is to be a date or a time"),
        (7, "iif(status = 'finished', period.end, class.code)", "it yields code or dateTime"),
        (8, "", "a row says why it is there"),
    ],
)
def test_an_event_that_cannot_be_right_is_refused(tmp_path: Path, column: int, value: str, why: str) -> None:
    row = changed(EVENT, column, value)
    with pytest.raises(RulesRefused, match=r"events\.csv, row") as refused:
        site(tmp_path / "site", events=[row], rules=[RULE])
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        (1, "vanished", "vanished is no event of events.csv"),
        (2, "%team.exists()", "%team is not known"),
        (2, "%teams.exists(", "expected"),
        (2, "%teams.where(status = 'alive').exists()", "alive is no code of CareTeam.status"),
        (2, "%teams.members.exists()", "no element members there"),
        (2, "%patient.birthdate > today()", "no element birthdate there"),
        (2, "%teams", "it yields what the text does not tell"),
        (2, "%patient.birthDate", "it yields date, and is to be true or false"),
        (3, "telephone", "telephone is no action"),
        (3, "task", "task takes a word"),
        (3, "task dance", "dance is no word of codes.csv"),
        (3, "flag tell-ward", "tell-ward is no word of codes.csv"),
        (3, "clock never", "never is no clock of clocks.csv"),
        (3, "cancel never", "never is no event of events.csv"),
        (3, "stop-reminders now", "stop-reminders takes no word"),
        (4, "neighbour", "neighbour is no recipient"),
        (4, "", "task is for somebody"),
        (4, "worklist", "worklist has one name"),
        (4, "worklist nobodys", "nobodys is no worklist"),
        (4, "care-team night", "care-team has no name"),
        (4, "care-team; care-team", "a recipient is there twice"),
        (4, "patient", "task is not for patient"),
        (5, "soon", "within is a number of m, h or d"),
        (5, "", "within is a number of m, h or d"),
        (6, "twice", "once is one of event, person, recipient"),
        (7, "", "task says something"),
        (8, "", "a row says why it is there"),
    ],
)
def test_a_rule_that_cannot_be_right_is_refused(tmp_path: Path, column: int, value: str, why: str) -> None:
    with pytest.raises(RulesRefused, match=r"rules\.csv, row seen-team") as refused:
        site(tmp_path / "site", events=[EVENT], rules=[changed(RULE, column, value)])
    assert why in str(refused.value)


@pytest.mark.parametrize("action", ["cancel admitted", "stop-reminders", "stop-clock discharge", "reopen-clocks"])
def test_what_makes_nothing_cannot_be_known_to_have_been_done(tmp_path: Path, action: str) -> None:
    row = ["seen-none", "seen", "", action, "", "1d", "person", "", "It is needed"]
    with pytest.raises(RulesRefused, match="makes nothing by which it could be known that it was done"):
        site(tmp_path / "site", events=[EVENT], rules=[row])


def test_a_clock_of_one_resource_is_ended_by_nothing_of_another(tmp_path: Path) -> None:
    event = ["cared", "changed Task", "status=completed", "status = 'completed'", "", "", "", "", "Somebody has cared"]
    row = ["cared-none", "cared", "", "stop-clock discharge", "", "1d", "event", "", "It is needed"]
    with pytest.raises(RulesRefused, match="the clock discharge is of Encounter: nothing of another resource ends it"):
        site(tmp_path / "site", events=[event], rules=[row])


def test_a_destination_that_the_deployment_has_not_is_refused(tmp_path: Path) -> None:
    notify = ["seen-told", "seen", "", "notify discharged", "destination wards", "1d", "event", "See to it", "It is needed"]
    clock = "two-week-wait,Wait,ServiceRequest,related,,,14,days,always,,-4d,destination clinics,gp,14d,It is tried"
    known = site(tmp_path / "site", events=[EVENT], rules=[notify])
    (tmp_path / "site" / "clocks.csv").write_text(f"{','.join(CLOCKS)}\n{clock}\n")
    clocks = clocks_of(tmp_path / "site")
    with pytest.raises(RulesRefused) as refused:
        addressed(known, clocks, ["ward"])
    assert str(refused.value).splitlines() == [
        "rules.csv, row seen-told: there is no destination wards in this deployment",
        "clocks.csv, row two-week-wait: there is no destination clinics in this deployment",
    ]
    addressed(known, clocks, ["wards", "clinics"])
    addressed(tables_of(None, START), clocks_of(None), [])


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (changed(CODE, 1, "cancel"), "cancel takes no word of this table"),
        (changed(CODE, 2, "Two Words"), "a code of ours is of small letters"),
        (changed(CODE, 4, ""), "a code has a display"),
        (changed(CODE, 2, "tell-ward"), "an action has one word twice"),
    ],
)
def test_a_word_that_cannot_be_right_is_refused(tmp_path: Path, row: list[str], why: str) -> None:
    with pytest.raises(RulesRefused, match=why):
        site(tmp_path / "site", codes=[row])


def test_two_rows_with_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RulesRefused, match=r"site rules\.csv, row seen-team: the id is there twice"):
        site(tmp_path / "site", events=[EVENT], rules=[RULE, RULE])


def test_a_row_that_takes_away_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulesRefused, match="it takes away a row that is not there"):
        site(tmp_path / "site", rules=[["never", "-", *[""] * 7]])


def test_a_table_with_other_columns_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "rules.csv").write_text("id,event\nseen-team,seen\n")
    with pytest.raises(RulesRefused, match=r"rules\.csv, row 1: the columns are id, event, condition"):
        tables_of(folder, START)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(RulesRefused) as refused:
        site(tmp_path / "site", events=[EVENT], rules=[changed(RULE, 6, ""), changed(changed(RULE, 0, "other"), 3, "dance")])
    assert len(str(refused.value).splitlines()) == 2


def test_what_is_deleted_has_nothing_left_to_ask(tmp_path: Path) -> None:
    with pytest.raises(RulesRefused, match="what is deleted has nothing left"):
        site(tmp_path / "site", events=[changed(EVENT, 1, "deleted Encounter")], rules=[RULE])


def test_what_is_created_was_nothing_before(tmp_path: Path) -> None:
    row = changed(changed(EVENT, 1, "created Encounter"), 4, "status = 'planned'")
    with pytest.raises(RulesRefused, match="what is created was nothing before"):
        site(tmp_path / "site", events=[row], rules=[RULE])


def test_a_setting_names_ours_or_a_folder(tmp_path: Path) -> None:
    from interop.app.acting import rules_of

    assert rules_of(Settings(data=tmp_path), START).rules == ()
    assert rules_of(Settings(data=tmp_path, rules=Path("ours")), START).rules
    with pytest.raises(ValueError, match="is no folder"):
        rules_of(Settings(data=tmp_path, rules=tmp_path / "nowhere"), START)


def test_mapping_tables_without_rules_are_no_rules_that_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tables(tmp_path / "tables", {})
    shutil.rmtree(directory / "rules")
    use(monkeypatch, directory)
    try:
        with pytest.raises(RulesRefused, match="there are no rules beside these mapping tables"):
            tables_of(None, START)
    finally:
        forget()


def test_the_page_for_clinical_safety_is_what_the_tables_say() -> None:
    page = rules_page.PAGE.read_text("utf-8")
    assert rules_page.written(page) == page
    assert all(f"`{rule.id}`" in page for rule in tables_of(None, START).rules)
    with pytest.raises(ValueError, match="no place"):
        rules_page.written("# Rules\n")
