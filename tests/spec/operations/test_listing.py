"""What an operator is shown of the journal: states by their names, lines that fit a terminal."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs
from typer.testing import CliRunner

from interop.cli.main import app
from interop.cli.options import REPLAYED
from interop.clock import ManualClock
from interop.ports import MessageState
from tests.places import ROOT
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, ingest, sender
from tests.spec.engine.test_poison import begun, body, brittle, resume  # noqa: F401

WIDTH = 80
STYLE = re.compile(r"\x1b\[[\d;]*m")


def refused(*arguments: str) -> str:
    """What a command says that does not begin."""
    done = CliRunner().invoke(app, [*arguments])
    assert done.exit_code == 2, done.output
    return done.stderr


@pytest.mark.parametrize("command", ["messages", "replay"])
def test_a_state_that_there_is_not_is_refused_with_those_that_there_are(tmp_path: Path, command: str) -> None:
    said = refused(command, "--state", "nonsense", "--data", str(tmp_path))
    assert "shelved" in said
    assert all(state in said for state in (MessageState if command == "messages" else REPLAYED))


def test_who_would_replay_what_is_held_is_told_to_let_the_feed_go_on(tmp_path: Path) -> None:
    assert "--resume" in refused("replay", "--state", "held", "--data", str(tmp_path))


def test_every_state_of_the_journal_may_be_asked_for(tmp_path: Path) -> None:
    for state in MessageState:
        done = CliRunner().invoke(app, ["messages", "--state", state, "--data", str(tmp_path)])
        assert done.exit_code == 1
        assert "There is no journal" in done.stderr


async def listed(data: Path, *options: str) -> tuple[list[str], str]:
    """What ``interop messages`` prints on a terminal of 80 columns, and what it says beside that."""
    command = ["messages", "--data", str(data), *options]
    terminal = {"COLUMNS": str(WIDTH), "FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm"}
    done = await asyncio.to_thread(lambda: CliRunner(env=terminal).invoke(app, command))
    assert done.exit_code == 0, done.output
    return STYLE.sub("", done.stdout).splitlines(), done.stderr


@pytest.mark.anyio
async def test_a_line_fits_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with begun(tmp_path) as engine, sender(engine.mllp) as line:
        for control in ("MSG00000000000000001", "MSG00000000000000002"):
            answer = await line.ask(adt(control=control))
            assert answer is not None
            assert answer.code == "AA"
    monkeypatch.setattr("interop.cli.messages.SystemClock", ManualClock)  # another day than that of the messages
    lines, _ = await listed(tmp_path / "data")
    assert max(map(len, lines)) <= WIDTH
    rows = [each for each in lines if re.match(r" {0,6}\d+ ", each)]
    assert len(rows) == 2
    assert all(re.search(r" \d{4}-\d\d-\d\d \d\d:\d\d .* applied +sent ", each) for each in rows)


@pytest.mark.anyio
@pytest.mark.usefixtures("brittle")
async def test_a_list_that_is_cut_says_of_how_many(tmp_path: Path) -> None:
    async with begun(tmp_path) as engine, client(engine) as http:
        for number in (1, 2, 3):
            await ingest(http, body(number, deadly=number == 2, feed="easy"), "easy")
    data, count = tmp_path / "data", ["--count", "1"]
    assert (await listed(data, *count))[1].startswith("1 of 3: --count shows more")
    assert (await listed(data, *count, "--json"))[1].startswith("1 of 3: ")
    assert (await listed(data, *count, "--feed", "easy", "--state", "applied"))[1].startswith("1 of 2: ")
    assert (await listed(data, *count, "--state", "shelved"))[1] == ""
    assert (await listed(data, "--count", "3"))[1] == ""


@pytest.mark.anyio
@pytest.mark.usefixtures("brittle")
async def test_of_a_feed_that_stands_still_it_is_told_for_which_message_and_below_the_counts_since_when(tmp_path: Path) -> None:
    def told(lines: list[str]) -> Any:
        return {each["feed"]: each["stands_still"] for each in map(json.loads, lines)}

    async with begun(tmp_path) as engine, client(engine) as http:
        for feed in ("easy", "strict"):
            for number in (1, 2, 3):
                await ingest(http, body(number, deadly=number == 2, feed=feed), feed)
        assert told((await listed(tmp_path / "data", "--feeds", "--json"))[0]) == {"easy": 0, "strict": 5}
        lines, said = await listed(tmp_path / "data", "--feeds")
        assert max(map(len, lines[:3])) <= WIDTH
        cells = [len(each.replace("last received", "last_received").split()) for each in lines[:3]]
        assert cells == [cells[0]] * 3
        (below,) = [each for each in lines if each.startswith("strict: ")]
        assert re.search(r"oldest waiting .*, incomplete since .*, stands still 5\.$", below)
        assert "The feed strict stands still for message 5." in said
        assert (await resume(http, "strict")).status_code == 200
        assert told((await listed(tmp_path / "data", "--feeds", "--json"))[0])["strict"] == 0


@pytest.mark.anyio
@pytest.mark.usefixtures("brittle")
async def test_what_is_shelved_and_a_feed_that_stands_still_are_logged_and_among_the_figures(tmp_path: Path) -> None:
    with capture_logs() as said:
        async with begun(tmp_path) as engine, client(engine) as http:
            for feed in ("easy", "strict"):
                for number in (1, 2, 3):
                    await ingest(http, body(number, deadly=number == 2, feed=feed), feed)
            families = {each.name: each for each in text_string_to_metric_families((await http.get("/metrics")).text)}
    shelved = [each for each in said if each["event"] == "messages shelved"]
    assert [(each["reason"], each["messages"]) for each in shelved] == [("mapping-fault", [2]), ("mapping-fault", [5])]
    (still,) = [each for each in said if each["event"] == "feed stands still"]
    assert (still["feed"], still["message"], "--resume" in still["action"]) == ("strict", 5, True)
    counted = {(each.labels["feed"], each.labels["state"]): each.value for each in families["interop_messages"].samples}
    for feed, held in (("easy", 0), ("strict", 1)):
        assert (counted[feed, "held"], counted[feed, "waiting"], counted[feed, "shelved"]) == (held, 0, 1)


def test_waiting_behind_a_shelved_message_is_another_alert_than_waiting() -> None:
    text = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8")
    rules = {rule["alert"]: rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]}
    still, waits = rules["FeedStandsStill"], rules["MessagesWait"]
    assert waits["expr"].endswith(f" unless on (feed) {still['expr']}")
    assert "--resume" in still["annotations"]["action"]
    assert "worker" not in still["annotations"]["action"]
