"""Settings from a file: which name they have, what comes before what, what is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from interop.app.acting import rules_of
from interop.app.acting import tables_of as rule_tables
from interop.app.configuration import Configuration, Misconfigured, configured, read_file, strangers
from interop.app.settings import OURS, Settings
from interop.cli.defaults import defaults
from interop.cli.main import app
from interop.cli.serve import settings_of


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's environment."""
    for name in ("CONFIG", *(each.upper() for each in Settings.model_fields)):
        monkeypatch.delenv(f"INTEROP_{name}", raising=False)


def file(folder: Path, text: str) -> Path:
    path = folder / "interop.toml"
    path.write_text(text, encoding="utf-8")
    return path


def of(folder: Path, text: str, **given: Any) -> Configuration:
    return configured(given, file(folder, text))


def test_a_file_holds_settings_by_their_own_names(tmp_path: Path) -> None:
    found = of(tmp_path, 'mllp_feed = "ward"\nmappers = 2\ntest_numbers = true\nproxy_address = ["192.0.2.1", "192.0.2.2"]\n')
    settings = found.settings
    assert (settings.mllp_feed, settings.mappers, settings.test_numbers) == ("ward", 2, True)
    assert settings.proxy_address == ("192.0.2.1", "192.0.2.2")
    assert found.origins["mappers"] == str(tmp_path / "interop.toml")
    assert found.origins["http"] == "default"


def test_the_command_line_comes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'mllp_feed = "file"\nhttp = "127.0.0.1:1"\nrate = 5\n'
    monkeypatch.setenv("INTEROP_MLLP_FEED", "environment")
    monkeypatch.setenv("INTEROP_HTTP", "127.0.0.1:2")
    found = of(tmp_path, text, http="127.0.0.1:3")
    assert (found.settings.http, found.settings.mllp_feed, found.settings.rate) == ("127.0.0.1:3", "environment", 5)
    assert [found.origins[name] for name in ("http", "mllp_feed", "consent")] == [
        "command line", "environment INTEROP_MLLP_FEED", "default",
    ]  # fmt: skip


def test_a_variable_that_is_empty_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a composition may pass on what nobody has set."""
    monkeypatch.setenv("INTEROP_HTTP", "")
    monkeypatch.setenv("INTEROP_FEEDS", "")
    found = of(tmp_path, 'http = "127.0.0.1:1"\n')
    assert (found.settings.http, found.settings.feeds) == ("127.0.0.1:1", None)


def test_the_environment_names_the_file_where_the_command_line_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEROP_CONFIG", str(file(tmp_path, "rate = 7\n")))
    assert configured({}).settings.rate == 7
    other = tmp_path / "other.toml"
    other.write_text("rate = 8\n")
    assert configured({}, other).settings.rate == 8


def test_paths_in_a_file_are_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    found = of(tmp_path, 'data = "store"\nfeeds = "/etc/feeds.csv"\npackage = ["uk", "/p.tgz"]\nrelease = "snomed"\n').settings
    assert (found.data, found.feeds) == (tmp_path / "store", Path("/etc/feeds.csv"))
    assert (found.package, found.release) == ((tmp_path / "uk", Path("/p.tgz")), (tmp_path / "snomed",))


def test_the_rules_of_the_mappings_are_no_folder_beside_the_file(tmp_path: Path) -> None:
    ours = of(tmp_path, 'rules = "ours"\n').settings
    assert ours.rules == Path(OURS)
    assert rules_of(ours, 0).rules == rule_tables(None, 0).rules
    site = of(tmp_path, 'rules = "site"\n').settings
    assert site.rules == tmp_path / "site"


@pytest.mark.parametrize(
    ("said", "meant"),
    [("htp", "http"), ("tls-cert", "tls_cert"), ("MAPPERS", "mappers"), ("test_number", "test_numbers"), ("feed", "feeds")],
)
def test_a_name_that_no_setting_has_is_refused_with_the_nearest(tmp_path: Path, said: str, meant: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        of(tmp_path, f'{said} = "x"\n')
    (fault,) = refused.value.faults
    assert (fault.setting, fault.why) == (said, f"there is no such setting: did you mean {meant}?")


def test_a_name_that_is_near_to_none_is_refused_alone(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"there is no such setting$"):
        of(tmp_path, "zzz = 1\n")


def test_what_is_no_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"no TOML.*line 2"):
        of(tmp_path, "rate = 1\nhttp = \n")


def test_a_value_that_cannot_be_is_refused_with_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEROP_RATE", "-1")
    with pytest.raises(Misconfigured) as refused:
        of(tmp_path, 'mappers = "many"\n', http="nowhere")
    origins = {fault.setting: fault.origin for fault in refused.value.faults}
    assert origins == {
        "mappers": str(tmp_path / "interop.toml"), "rate": "environment INTEROP_RATE", "http": "command line",
    }  # fmt: skip


def test_settings_that_do_not_go_together_are_refused_from_a_file_as_from_anywhere(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="without an issuer it listens on loopback only"):
        of(tmp_path, 'http = "0.0.0.0:8080"\n')


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_each_setting_may_stand_in_a_file(tmp_path: Path, name: str) -> None:
    """Every one that there is, also those which no option has."""
    assert list(read_file(file(tmp_path, f'{name} = "x"\n'))) == [name]


def test_variables_that_are_named_like_ours_and_are_not_are_found() -> None:
    known = {"INTEROP_HTTP": "", "INTEROP_TOKEN": "", "INTEROP_CONFIG": "", "PATH": ""}
    assert strangers({**known, "INTEROP_MAPERS": "2", "INTEROP_QQQQ": "1"}) == {
        "INTEROP_MAPERS": "INTEROP_MAPPERS",
        "INTEROP_QQQQ": "",
    }


def test_an_engine_is_not_started_by_a_file_that_is_refused(tmp_path: Path) -> None:
    """Exit 2, one line that names file, name and the nearest."""
    path = file(tmp_path, 'htp = "127.0.0.1:0"\n')
    command = [sys.executable, "-c", "from interop.cli.main import main; main()", "serve", "--config", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"{path}, htp: there is no such setting: did you mean http?\n")
    assert [each.name for each in tmp_path.iterdir()] == ["interop.toml"]


class TestCommands:
    """Commands about the same engine: what the file says is the default of their options of that name."""

    def test_they_take_data_and_the_like_from_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also of a group; command line and environment come before it."""
        monkeypatch.setenv("INTEROP_CONFIG", str(file(tmp_path, 'data = "there"\ntls_cert = "x.pem"\n')))
        assert tables_of("messages") == {"data": str(tmp_path / "there")}
        assert tables_of("audit", "verify") == {"data": str(tmp_path / "there")}
        found = CliRunner().invoke(app, ["token", "--json"])
        assert found.exit_code == 0, found.output
        assert (tmp_path / "there" / "signon.key").exists()
        CliRunner().invoke(app, ["token", "--data", str(tmp_path / "given")])
        CliRunner().invoke(app, ["token"], env={"INTEROP_DATA": str(tmp_path / "said")})
        assert {each.name for each in tmp_path.iterdir()} == {"interop.toml", "there", "given", "said"}

    def test_an_option_of_the_same_name_and_another_kind_takes_nothing_from_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """``messages --feeds`` asks for a line for each feed; to the engine ``feeds`` is a file."""
        monkeypatch.setenv("INTEROP_CONFIG", str(file(tmp_path, 'data = "there"\nfeeds = "feeds.csv"\ntest_numbers = true\n')))
        assert "feeds" not in tables_of("messages")
        assert tables_of("rebuild")["feeds"] == str(tmp_path / "feeds.csv")
        assert tables_of("rebuild")["test_numbers"] is True
        assert "boolean" not in CliRunner().invoke(app, ["messages"]).stderr

    @pytest.mark.long
    def test_they_map_by_the_tables_that_the_file_names(self, tmp_path: Path) -> None:
        """As the engine does, so do tables, convert, explain and rebuild; the environment comes before the file."""
        junk = tables_with_a_row_that_cannot_be(tmp_path / "candidate")
        file(tmp_path, 'mappings = "candidate"\n')
        done = command(tmp_path, "tables", "bars")
        assert (done.returncode, "elements.csv" in done.stderr) == (1, True), done.stderr
        shutil.copytree("mappings", tmp_path / "good")
        done = command(tmp_path, "tables", "bars", INTEROP_MAPPINGS=str(tmp_path / "good"))
        assert done.returncode == 0, done.stderr
        shutil.rmtree(junk)
        done = command(tmp_path, "tables", "bars")
        assert (done.returncode, "candidate holds no mapping tables" in done.stderr) == (2, True), done.stderr

    def test_a_rebuild_into_a_directory_leaves_the_database_of_the_file_alone(self, tmp_path: Path) -> None:
        """Its own is where it reads from, not where it writes to."""
        path = file(tmp_path, 'database = "postgresql://127.0.0.1:1/care"\nhttp = "127.0.0.1:1"\n')
        settings = settings_of(path, data=tmp_path / "new", database=None)
        assert (settings.database, settings.http) == (None, "127.0.0.1:1")

    def test_a_file_that_cannot_be_used_ends_them(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("INTEROP_CONFIG", str(file(tmp_path, "dta = 1\n")))
        done = CliRunner().invoke(app, ["token"])
        assert (done.exit_code, "did you mean data?" in done.stderr) == (2, True)


def tables_with_a_row_that_cannot_be(at: Path) -> Path:
    shutil.copytree("mappings", at)
    with (at / "bars" / "elements.csv").open("a", encoding="utf-8") as rows:
        rows.write("junk\n")
    return at


def command(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A command with the file of a folder, in a process of its own: tables are read once."""
    environment = {**os.environ, "INTEROP_CONFIG": str(folder / "interop.toml"), **more}
    line = [sys.executable, "-c", "from interop.cli.main import main; main()", *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, cwd=folder, env=environment)


def tables_of(*words: str) -> dict[str, Any]:
    """The defaults that the file gives a command."""
    group = typer.main.get_command(app)
    context = group.make_context("interop", [*words, "--help"], resilient_parsing=True)
    context.invoked_subcommand = words[0]
    defaults(context)  # type: ignore[arg-type]
    found = context.default_map or {}
    for word in words:
        found = found[word]
    return dict(found)
