"""What a shell completes: commands, options, and values from the tables of the package and the files of the deployment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from interop.api.deliveries import ACKNOWLEDGEMENTS, STATES
from interop.app.settings import Settings
from interop.audit.privacy import OUTCOMES
from interop.cli import completing
from interop.cli.main import app
from interop.cli.new_adapter import FORMS
from interop.cli.page import commands
from interop.errors import reasons
from interop.mapping.library import adapters
from interop.mapping.reading import families
from interop.policy.tables import tables
from interop.ports import MessageState
from interop.signon.clients import ROLES
from tests.places import ROOT

ROOT_COMMAND = get_command(app)
SHELLS = ("bash", "zsh", "fish")
VARIABLES = ("INTEROP_FEEDS", "INTEROP_DESTINATIONS", "INTEROP_CONFIG", "INTEROP_SOURCES", "INTEROP_DATA", "INTEROP_CLIENTS")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No deployment is named, and the working directory holds nothing."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def words_of(shell: str, line: str) -> dict[str, str]:
    """What the shell's script hands over for a line."""
    if shell == "bash":
        return {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    return {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}


def offered(line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shell: str = "bash") -> str:
    """What is printed for a line, as its shell's script asks for it."""
    for name, value in {"_INTEROP_COMPLETE": f"complete_{shell}", **words_of(shell, line)}.items():
        monkeypatch.setenv(name, value)
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        ROOT_COMMAND.main(prog_name="interop")
    assert ended.value.code in (0, None)
    return capsys.readouterr().out


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The values offered for a line."""
    return lambda line: offered(line, monkeypatch, capsys).split()


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_is_offered_commands_options_and_values(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "deliveries" in offered("interop del", monkeypatch, capsys, shell)
    assert "queues" in offered("interop deliveries ", monkeypatch, capsys, shell)
    assert "--control-id" in offered("interop messages --con", monkeypatch, capsys, shell)
    assert "urgent-response" in offered("interop worklist urg", monkeypatch, capsys, shell)
    assert "urgent-response" not in offered("interop worklist m", monkeypatch, capsys, shell)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_meaning_is_one_short_line_beside_its_value(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another line would be another value."""
    lines = offered("interop token --role ", monkeypatch, capsys, shell).strip().splitlines()
    assert len(lines) == len(tables().roles)
    assert all("gp" in line or " " in line for line in lines)
    assert max(map(len, lines)) < 120


def test_words_of_tables_are_those_of_the_engine(values: Any) -> None:
    types = {envelope for family in families() for envelope in (route.message for route in _routes(family))}
    assert {*values("interop replay --type ")} == {each for each in types if completing._WORD.fullmatch(each)}
    assert {*values("interop replay --reason ")} == {*reasons()}
    assert {*values("interop token --role ")} == {*tables().roles}
    assert {*values("interop token --purpose ")} == {*tables().purposes}
    assert {*values("interop export x --type ")} == {*tables().types}
    assert {*values("interop tables ")} == {*families()}
    assert values("interop tables hl7v2 --site ") == ["RZY"]
    assert {"mdt", "co-ordination"} <= {*values("interop worklist ")}
    assert not {"unlinked-patients", "privacy-queue"} & {*values("interop worklist ")}
    assert {"urgent-response", "discharge"} <= {*values("interop clocks --clock ")}
    assert {"HIV", "PSY"} <= {*values("interop consent p1 refused --label ")}


def _routes(family: str) -> Iterator[Any]:
    from interop.mapping.reading import read_tables
    from interop.mapping.refusal import Refusals

    yield from read_tables(family, Refusals()).routes


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("interop messages --state ", [*MessageState]),
        ("interop deliveries list x --state ", STATES),
        ("interop deliveries list x --acknowledgement ", ACKNOWLEDGEMENTS),
        ("interop audit outcome 1-1-x ", OUTCOMES),
        ("interop client x --role ", ROLES),
        ("interop new-adapter x --format ", [*FORMS]),
        ("interop consent p1 ", ["given", "refused", "withdrawn"]),
        ("interop send x --wait ", ["journalled", "applied"]),
        ("interop serve --consent ", ["explicit", "implied"]),
        ("interop serve --pds-ask ", [*Settings.model_fields["pds_ask"].annotation.__args__]),  # type: ignore[union-attr]
    ],
)
def test_words_of_a_fixed_list_are_those_that_are_understood(line: str, words: list[str], values: Any) -> None:
    assert {*values(line)} == {*words}


def test_feeds_are_those_of_the_feeds_file_else_those_that_open_by_themselves(
    values: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {*values("interop messages --feed ")} == {*adapters()}
    (tmp_path / "feeds.csv").write_text("feed,adapter,ack,test_numbers,description\npas,hl7v2,applied,no,Wards\n$(x),hl7v2,,,\n")
    assert values("interop serve --feeds feeds.csv --mllp-feed ") == ["pas"]
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "interop.toml").write_text('feeds = "../feeds.csv"\n')
    monkeypatch.setenv("INTEROP_CONFIG", str(tmp_path / "engine" / "interop.toml"))
    assert values("interop replay --resume ") == ["pas"]
    monkeypatch.setenv("INTEROP_FEEDS", str(tmp_path / "absent.csv"))
    assert values("interop replay --resume ") == []


def test_destinations_sources_clients_and_applications_are_those_of_their_files(
    values: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert values("interop deliveries pause ") == ["rules"]
    (tmp_path / "destinations.toml").write_text('[practice]\nkind = "webhook"\n[ward]\nkind = "mllp"\n')
    monkeypatch.setenv("INTEROP_DESTINATIONS", "destinations.toml")
    assert values("interop deliveries pause ") == ["practice", "rules", "ward"]
    assert values("interop pull ") == []
    (tmp_path / "sources.toml").write_text('[referrals]\nadapter = "ers"\n')
    assert values("interop pull ref") == ["referrals"]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "clients.json").write_text(json.dumps({"clients": [{"id": "bulk", "organisation": "RX9"}]}))
    (tmp_path / "data" / "apps.json").write_text("no json")
    assert values("interop client ") == ["bulk"]
    assert values("interop application ") == []


def test_no_option_that_names_a_word_of_a_table_is_without_words() -> None:
    """Whoever adds one must say what is offered. What people write as prose is not completed, and a folder the shell completes."""
    named = {
        "feed",
        "state",
        "role",
        "purpose",
        "clock",
        "site",
        "family",
        "type",
        "reason",
        "destination",
        "label",
        "wait",
        "form",
    }
    prose = {"break-glass", "claim", "identity link", "identity unlink", "identity split", "identity undo"} | {
        "takedown message",
        "takedown document",
    }
    without = {
        f"{name} {each.name}"
        for name, command in commands()
        for each in command.params
        if each.name in named and getattr(each, "_custom_shell_complete", None) is None and not getattr(each, "is_flag", False)
    }
    assert without == {f"{name} reason" for name in prose} | {"rules check site", "rules try site"}


@pytest.mark.long
def test_in_a_real_bash_a_line_is_completed(tmp_path: Path) -> None:
    """The script that ``--show-completion`` prints, loaded, asked as readline asks it."""
    called = tmp_path / "interop"
    called.write_text(f"#!{sys.executable}\nfrom interop.cli import main\nmain()\n")
    called.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    script = (
        'eval "$(interop --show-completion bash)"; f=$(complete -p interop | sed "s/.*-F \\([^ ]*\\).*/\\1/"); '
        'COMP_WORDS=(interop worklist ""); COMP_CWORD=2; $f interop; echo "${COMPREPLY[@]}"; '
        'COMP_WORDS=(interop audit ver); COMP_CWORD=2; $f interop; echo "${COMPREPLY[@]}"'
    )
    environment["_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"] = "1"
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    lists, audit = done.stdout.splitlines()
    assert {"mdt", "urgent-response"} <= {*lists.split()}
    assert audit == "verify"


@pytest.mark.long
@pytest.mark.parametrize("shell", SHELLS)
def test_a_new_process_completes_and_loads_no_engine(shell: str, tmp_path: Path) -> None:
    code = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "sys.argv = ['interop']\n"
        "from interop.cli import main\nmain()\n"
    )
    environment = os.environ | {"_INTEROP_COMPLETE": f"complete_{shell}", **words_of(shell, "interop worklist m")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert "mdt" in done.stdout
    loaded = {*done.stderr.split()}
    assert not loaded & {"interop.api", "interop.app", "interop.store", "httpx", "orjson", "lxml", "sqlite3"}
