"""``interop check-config``: every setting with its origin, and everything that is wrong or dangerous, without a start."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
import typer
from typer.testing import CliRunner

from interop.app.checking import Finding, Level, findings
from interop.app.checking.disks import LEAST
from interop.app.configuration import configured
from interop.app.settings import Settings
from interop.cli.main import app
from interop.clock import ManualClock, SystemClock
from interop.signon.keyfile import own_keys
from interop.store.postgres import PostgresStore
from interop.store.postgres.seats import SEAT, number
from interop.store.values import Change, Entry
from tests.spec.engine.running import running
from tests.spec.security.certificates import Authority

pytestmark = pytest.mark.anyio
FREE = {"http": "127.0.0.1:0", "mllp": "127.0.0.1:0"}
ISSUED = {"issuer": "https://id.example", "audience": "https://care.example/fhir"}
HEAD = "feed,adapter,ack,test_numbers,description,organisation,certificate\n"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith("INTEROP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("interop.app.checking.reaching._unsynchronised", lambda: False)
    roomy = shutil.disk_usage("/")._replace(total=100 * LEAST, free=90 * LEAST)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: roomy)


async def found(data: Path, *, clock: Any = None, **more: Any) -> list[Finding]:
    """What is found, but for the notice that the embedded issuer is for demonstrations."""
    configuration = configured({"data": data, **FREE, **more})
    told = await findings(configuration, at=clock or SystemClock())
    return [each for each in told if (each.setting, each.level) != ("issuer", Level.NOTICE)]


def feeds(folder: Path, *rows: str) -> Path:
    path = folder / "feeds.csv"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


async def one(data: Path, **more: Any) -> Finding:
    (finding,) = await found(data, **more)
    return finding


class Run(NamedTuple):
    status: int
    text: str


@contextmanager
def unused() -> Iterator[str]:
    """An address that nobody listens on, nor is given before the end: it is bound, so that it may be bound again."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def run(*words: str) -> Run:
    done = CliRunner().invoke(app, ["check-config", "--http", FREE["http"], "--mllp", FREE["mllp"], *words])
    return Run(done.exit_code, done.stdout)


async def test_of_settings_that_can_be_nothing_is_found_and_nothing_made(tmp_path: Path) -> None:
    assert await found(tmp_path / "data") == []
    assert list(tmp_path.iterdir()) == []


async def test_a_port_that_another_program_has_stops_a_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        finding = await one(tmp_path, http=where)
    assert (finding.level, finding.setting) == (Level.STOPS, "http")
    assert finding.sentence == f"{where} cannot be opened: another program has it."


async def test_one_port_for_both_stops_a_start(tmp_path: Path) -> None:
    with unused() as free:
        finding = await one(tmp_path, http=free, mllp=free)
    assert (finding.level, finding.setting) == (Level.STOPS, "mllp")


async def test_beside_an_engine_that_runs_its_ports_are_not_tried(tmp_path: Path) -> None:
    """So that the settings of a running engine can be checked before it is started anew."""
    async with running(tmp_path / "data") as engine:
        where = f"127.0.0.1:{engine.http}"
        finding = await one(tmp_path / "data", http=where)
    assert (finding.level, finding.setting) == (Level.NOTICE, "data")
    assert await found(tmp_path / "data", http=where) == []


async def test_the_name_of_a_process_that_runs_on_the_database_is_told(tmp_path: Path, database: str) -> None:
    store = await PostgresStore.open(database)
    await store.commit(Change(entries=[Entry(0, "hospital", "hl7v2", 1, "c1", "ADT^A01", b"MSH")]))
    await store.close()
    process = await asyncpg.connect(database)
    (tmp_path / "id.key").write_bytes(bytes(32))
    (tmp_path / "id.key").chmod(0o600)
    assert await process.fetchval("SELECT pg_try_advisory_lock($1, $2)", SEAT, number("name worker-1"))
    told = await found(tmp_path, database=database, name="worker-1")
    named = [each for each in told if each.setting == "name"]
    assert [each.level for each in named] == [Level.NOTICE], told
    assert named[0].sentence.startswith("A process called worker-1 runs on this database")
    assert [each for each in await found(tmp_path, database=database, name="worker-2") if each.setting == "name"] == []
    await process.close()


async def test_a_port_that_a_role_does_not_open_is_not_tried(tmp_path: Path, database: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        said = {
            roles: [each.setting for each in await found(tmp_path, database=database, roles=roles, mllp=where)]
            for roles in ("api", "ingest")
        }
    assert "mllp" not in said["api"]
    assert "mllp" in said["ingest"]


async def test_a_data_directory_that_is_none_stops_a_start(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"")
    finding = await one(tmp_path / "data")
    assert (finding.level, finding.setting) == (Level.STOPS, "data")


async def test_a_data_directory_that_cannot_be_written_to_stops_a_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: mode & os.W_OK == 0)  # root may write anywhere
    finding = (await found(tmp_path))[0]
    assert (finding.level, finding.setting) == (Level.STOPS, "data")
    assert finding.sentence.endswith("cannot be written to.")


async def test_a_data_directory_that_others_may_look_into_is_dangerous(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    finding = await one(tmp_path)
    assert (finding.level, finding.action) == (Level.DANGER, f"chmod 700 {tmp_path}")


@pytest.mark.parametrize(("free", "level"), [(LEAST - 1, Level.DANGER), (9 * LEAST, Level.NOTICE)])
async def test_little_room_is_told(tmp_path: Path, free: int, level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    usage = shutil.disk_usage("/")._replace(total=100 * LEAST, free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert (await one(tmp_path)).level == level


async def test_a_row_of_the_feeds_file_that_cannot_be_is_named_as_by_a_start(tmp_path: Path) -> None:
    path = feeds(tmp_path, "ward,hl7v2,journalled,no,,RX1,", "Ward 2,hl7v2,journalled,no,,RX1,")
    finding = await one(tmp_path / "data", feeds=path)
    assert (finding.level, finding.setting) == (Level.STOPS, "feeds")
    assert finding.sentence == "feeds.csv, line 3: 'Ward 2' cannot be the name of a feed."


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("pas,hl7v9,journalled,no,,RX1,", "there is no adapter 'hl7v9'; there are "),
        ("pas,hl7v2,journalled,true,,RX1,", "test_numbers is yes or no."),
        ("pas,hl7v2,journalled,Yes,,RX1,", "test_numbers is yes or no."),
    ],
)
async def test_an_adapter_that_there_is_not_or_a_word_for_yes_is_refused(tmp_path: Path, row: str, said: str) -> None:
    """Else each of its messages would be; and test numbers would silently not link."""
    finding = await one(tmp_path / "data", feeds=feeds(tmp_path, row))
    assert (finding.level, finding.setting) == (Level.STOPS, "feeds")
    assert finding.sentence.startswith(f"feeds.csv, line 2: {said}")


async def test_a_feeds_file_that_is_not_there_stops_a_start(tmp_path: Path) -> None:
    finding = await one(tmp_path / "data", feeds=tmp_path / "none.csv")
    assert (finding.level, finding.sentence) == (Level.STOPS, "none.csv is not there.")


async def test_a_watched_folder_is_looked_at(tmp_path: Path) -> None:
    """One that is not there keeps no engine from starting, and nothing comes in by it; where all may write, all may send."""
    path = tmp_path / "feeds.csv"
    path.write_text("feed,adapter,ack,test_numbers,description,folder\nward,hl7v2,journalled,no,,in\n", encoding="utf-8")
    finding = await one(tmp_path / "data", feeds=path)
    assert (finding.level, f"{tmp_path / 'in'} of the feed ward is not there" in finding.sentence) == (Level.DANGER, True)
    (tmp_path / "in").mkdir(mode=0o700)
    assert await found(tmp_path / "data", feeds=path) == []
    (tmp_path / "in").chmod(0o777)
    assert (await one(tmp_path / "data", feeds=path)).action == f"chmod o-w {tmp_path / 'in'}"


@pytest.mark.parametrize(("days", "level", "word"), [(-1, Level.DANGER, "ended on"), (10, Level.NOTICE, "ends on"), (40, None, "")])
async def test_a_certificate_is_told_that_has_ended_or_ends_soon(tmp_path: Path, days: int, level: Level | None, word: str) -> None:
    pair = Authority(tmp_path, "ours").sign("care.example", days=days)
    pair.key.chmod(0o600)
    told = await found(tmp_path / "data", tls_cert=pair.certificate, tls_key=pair.key)
    assert [(each.level, each.setting) for each in told] == ([(level, "tls_cert")] if level else [])
    assert all(word in each.sentence for each in told)


async def test_a_certificate_that_is_not_yet_good_is_dangerous(tmp_path: Path) -> None:
    pair = Authority(tmp_path, "ours").sign("care.example", days=400)
    pair.key.chmod(0o600)
    (finding,) = await found(tmp_path / "data", clock=ManualClock(0), tls_cert=pair.certificate, tls_key=pair.key)
    assert (finding.level, "is good only from" in finding.sentence) == (Level.DANGER, True)


async def test_a_key_that_is_anothers_stops_a_start(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ours")
    one_of, other = authority.sign("a.example", days=90), authority.sign("b.example", days=90)
    other.key.chmod(0o600)
    finding = await one(tmp_path / "data", tls_cert=one_of.certificate, tls_key=other.key)
    assert (finding.level, finding.setting) == (Level.STOPS, "tls_cert")


async def test_a_key_file_that_others_may_read_is_dangerous(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    pair = Authority(tmp_path, "ours").sign("care.example", days=90)
    pair.key.chmod(0o640)
    finding = await one(tmp_path / "data", tls_cert=pair.certificate, tls_key=pair.key)
    assert (finding.level, finding.action) == (Level.DANGER, f"chmod 600 {pair.key}")


async def test_not_where_nobody_else_may_enter_its_directory_or_a_container_was_given_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Authority(tmp_path / "secrets", "ours").sign("care.example", days=90)
    pair.key.chmod(0o444)
    files = {"tls_cert": pair.certificate, "tls_key": pair.key}
    (tmp_path / "secrets").chmod(0o700)
    assert await found(tmp_path / "data", **files) == []
    (tmp_path / "secrets").chmod(0o755)
    assert (await one(tmp_path / "data", **files)).level == Level.DANGER
    monkeypatch.setattr("interop.app.checking.secrets.MOUNTED", pair.key.parent)
    assert (await one(tmp_path / "data", **files)).level == Level.DANGER
    monkeypatch.setattr("os.geteuid", lambda: 10001)
    assert await found(tmp_path / "data", **files) == []


async def test_so_are_the_engines_own_and_a_file_of_settings_with_a_password(tmp_path: Path) -> None:
    data = tmp_path / "data"
    own_keys(data)
    (data / "signon.key").chmod(0o644)
    assert (await one(data)).action == f"chmod 600 {data / 'signon.key'}"
    (data / "signon.key").chmod(0o600)
    path = tmp_path / "interop.toml"
    path.write_text('database = "postgresql://interop:hunter2@127.0.0.1:1/interop"\n')
    told = await findings(configured({"data": data, **FREE}, path))
    assert f"chmod 600 {path}" in {each.action for each in told}
    assert "hunter2" not in repr([each.sentence for each in told if each.setting == "database" and each.level == Level.STOPS])


async def test_mutual_tls_without_a_feed_that_has_a_certificate_stops_a_start(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ours")
    pair = authority.sign("localhost", days=90)
    pair.key.chmod(0o600)
    files = {"mllp_tls_cert": pair.certificate, "mllp_tls_key": pair.key, "mllp_tls_ca": authority.certificate}
    finding = (await found(tmp_path / "data", feeds=feeds(tmp_path, "ward,hl7v2,journalled,no,,RX1,"), **files))[0]
    assert (finding.level, finding.setting) == (Level.STOPS, "feeds")
    said = feeds(tmp_path, "ward,hl7v2,journalled,no,,RX1,cn:ward.example")
    assert Level.STOPS not in {each.level for each in await found(tmp_path / "data", feeds=said, **files)}


async def test_a_database_that_cannot_be_reached_stops_a_start(tmp_path: Path) -> None:
    """Told without who signs on and with what."""
    with unused() as where:
        finding = await one(tmp_path / "data", database=f"postgresql://interop:hunter2@{where}/care")
    assert (finding.level, finding.setting) == (Level.STOPS, "database")
    assert finding.sentence == f"postgresql://{where}/care cannot be used (ConnectionRefusedError)."
    assert finding.action == "See that it runs and that the role may sign on."
    assert "hunter2" not in finding.sentence


async def test_of_a_database_behind_a_socket_that_is_not_there_the_directory_is_told(tmp_path: Path) -> None:
    finding = await one(tmp_path / "data", database=f"postgresql://interop:hunter2@/care?host={tmp_path}&password=hunter3")
    assert finding.sentence == f"postgresql:///care?host={tmp_path} cannot be used (FileNotFoundError)."


async def test_a_journal_without_the_key_of_its_ids_stops_a_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running(data):
        pass
    assert await found(data) == []
    (data / "id.key").unlink()
    finding = await one(data)
    assert (finding.level, finding.action) == (Level.STOPS, "Restore id.key from its backup.")


async def test_a_clock_that_stands_before_what_was_written_is_dangerous(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running(data):
        pass
    finding = (await found(data, clock=ManualClock()))[0]
    assert finding.level == Level.DANGER
    assert finding.sentence == "The clock stands before the time at which the data were last written."


async def test_a_clock_that_nothing_keeps_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interop.app.checking.reaching._unsynchronised", lambda: True)
    assert (await one(tmp_path / "data")).level == Level.NOTICE


async def test_an_open_engine_is_dangerous_and_the_embedded_issuer_is_told(tmp_path: Path) -> None:
    assert (await one(tmp_path / "data", open=True)).setting == "open"
    told = await findings(configured({"data": tmp_path / "data", **FREE}))
    assert [(each.level, each.setting) for each in told] == [(Level.NOTICE, "issuer")]


async def test_for_real_people_feeds_are_declared_and_test_numbers_link_nobody(tmp_path: Path) -> None:
    told = await found(tmp_path / "data", test_numbers=True, **ISSUED)
    assert {each.setting for each in told if each.level == Level.DANGER} == {"feeds", "test_numbers"}
    assert {each.setting for each in told if each.level == Level.NOTICE} == {"checkpoints"}


async def test_an_issuer_is_asked_only_when_that_is_wanted(tmp_path: Path) -> None:
    with unused() as where:
        configuration = configured({"data": tmp_path / "data", **FREE, **ISSUED, "issuer": f"http://{where}"})
        assert "issuer" not in {each.setting for each in await findings(configuration)}
        (finding,) = [each for each in await findings(configuration, reach=True) if each.setting == "issuer"]
    assert (finding.level, "not found by discovery" in finding.sentence) == (Level.DANGER, True)


async def test_files_of_sign_on_are_read_as_a_start_reads_them(tmp_path: Path) -> None:
    clients = tmp_path / "clients.json"
    clients.write_text('{"clients": [{"id": "x", "role": "gp"}]}')
    finding = await one(tmp_path / "data", clients=clients)
    assert (finding.level, finding.setting) == (Level.STOPS, "clients")
    assert "clients[0]: role is one of" in finding.sentence


def test_the_command_says_each_setting_with_its_value_and_where_it_comes_from(tmp_path: Path) -> None:
    status, text = run("--data", str(tmp_path / "data"), "--rate", "9", "--json")
    lines = [json.loads(line) for line in text.splitlines()]
    settings = {line["setting"]: (line["value"], line["from"]) for line in lines if "value" in line}
    assert settings.keys() == Settings.model_fields.keys()
    assert (settings["rate"], settings["consent"]) == ((9, "command line"), ("explicit", "default"))
    assert status == 0


def test_it_ends_with_1_where_an_engine_would_not_start_or_something_is_dangerous(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    assert run(*data).status == 0
    assert run(*data, "--feeds", str(tmp_path / "none.csv")).status == 1
    status, text = run(*data, "--open")
    assert (status, "danger: open: Nobody signs on" in text) == (1, True)
    assert "0 would keep the engine from starting, 1 dangerous" in text


def test_settings_that_cannot_be_are_told_by_it_in_the_words_of_a_start(tmp_path: Path) -> None:
    status, text = run("--data", str(tmp_path), "--tls-cert", "x.pem", "--json")
    (line,) = [json.loads(each) for each in text.splitlines()]
    assert (status, line["finding"]) == (1, "stops")
    assert "--tls-cert and --tls-key go together" in line["sentence"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "destinations.toml is not there."),
        ('[gp]\nkind = "webhok"\naddress = "https://gp.example"\norganisation = "A81001"\n', "[gp]: kind is one of"),
        (
            '[admissions]\nkind = "mllp"\naddress = "mllps://gp.example:1"\norganisation = "A81001"\n',
            "row admissions: admissions is of",
        ),
        (
            '[ward]\nkind = "mllp"\naddress = "mllps://gp.example:1"\norganisation = "A81001"\nroutes = "itk-rout"\n',
            "ward takes what goes to itk-rout: no row of routes.csv leads there",
        ),
        (
            '[gp]\nkind = "itk"\naddress = "https://gp.example/itk"\norganisation = "A81001"\nsender = "A81002"\n',
            "[gp]: sender is an address",
        ),
        (
            '[gp]\nkind = "mesh"\naddress = "https://mesh.example"\norganisation = "A81001"\nmailbox = "OURS"\n'
            'recipient = "THEIRS"\nworkflow = "W"\n',
            "[gp]: token (the mailbox's password) and shared-key are wanted",
        ),
    ],
)
async def test_destinations_that_cannot_be_stop_a_start(tmp_path: Path, text: str | None, said: str) -> None:
    """The file, each destination, and whether routes lead where their format is taken."""
    path = tmp_path / "destinations.toml"
    if text is not None:
        path.write_text(text)
    finding = await one(tmp_path / "data", destinations=path)
    assert (finding.level, finding.setting, said in finding.sentence) == (Level.STOPS, "destinations", True), finding


async def test_a_secret_of_a_destination_that_others_may_read_is_a_danger(tmp_path: Path) -> None:
    folder = tmp_path / "deployment"
    folder.mkdir(mode=0o755)
    for name in ("password", "shared"):
        (folder / name).write_text("x")
        (folder / name).chmod(0o644 if name == "shared" else 0o600)
    path = folder / "destinations.toml"
    path.write_text(
        '[gp]\nkind = "mesh"\naddress = "https://mesh.example"\norganisation = "A81001"\nmailbox = "OURS"\n'
        'recipient = "THEIRS"\nworkflow = "W"\ntoken = "password"\nshared-key = "shared"\n'
    )
    finding = await one(tmp_path / "data", destinations=path)
    assert (finding.level, finding.setting, str(folder / "shared") in finding.sentence) == (Level.DANGER, "destinations", True)


@pytest.mark.parametrize("setting", ["clients", "apps"])
async def test_a_file_that_is_named_and_not_there_is_not_taken_for_an_empty_one(tmp_path: Path, setting: str) -> None:
    finding = await one(tmp_path / "data", **{setting: tmp_path / "nod.json"})
    assert (finding.level, finding.setting, finding.sentence) == (Level.STOPS, setting, "nod.json is not there.")


@pytest.mark.long
@pytest.mark.parametrize("option", ["--feeds", "--clients", "--apps"])
def test_nor_by_a_start_which_names_the_file_and_its_option(tmp_path: Path, option: str) -> None:
    missing = str(tmp_path / "none")
    words = ["serve", "--http", FREE["http"], "--mllp", FREE["mllp"], "--data", str(tmp_path / "data"), option, missing]
    line = [sys.executable, "-c", "from interop.cli.main import main; main()", *words]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"{missing} cannot be read (No such file or directory): name it with {option}.\n" in done.stderr


@pytest.mark.long
def test_the_tables_that_are_checked_are_those_that_a_start_would_use(tmp_path: Path) -> None:
    candidate = tmp_path / "candidate"
    shutil.copytree("mappings", candidate)
    with (candidate / "hl7v2" / "elements-patient.csv").open("a", encoding="utf-8") as rows:
        rows.write("junk\n")
    words = ["check-config", "--http", FREE["http"], "--mllp", FREE["mllp"], "--data", str(tmp_path), "--mappings", str(candidate)]
    line = [sys.executable, "-c", "from interop.cli.main import main; main()", *words]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "stops: mappings: The mapping tables are refused: " in done.stdout
    assert "elements-patient.csv" in done.stdout


def test_what_it_says_of_them_is_sentences(tmp_path: Path) -> None:
    """One point at the end of each, and no setting where several are meant."""
    path = tmp_path / "interop.toml"
    path.write_text('htp = "127.0.0.1:0"\n')
    assert f"stops: htp: {path}: there is no such setting: did you mean http? Correct" in run("--config", str(path)).text
    path.write_text('mappings = "none"\n')
    assert "such as interop tables --write makes. Correct" in run("--config", str(path)).text
    assert "stops: --tls-cert and --tls-key go together. Correct" in run("--tls-cert", "x.pem").text


@pytest.mark.parametrize("days", ["1", "7"])
def test_a_journal_that_is_kept_for_less_than_8_days_is_refused(tmp_path: Path, days: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEROP_KEEP_JOURNAL", days)
    status, text = run("--data", str(tmp_path / "data"))
    assert (status, "keep_journal: environment INTEROP_KEEP_JOURNAL: 8 days at least, or 0 for ever. Correct" in text) == (1, True)


def test_of_a_database_it_shows_no_user_and_no_password(tmp_path: Path) -> None:
    _, text = run("--data", str(tmp_path), "--database", "postgresql://interop:hunter2@127.0.0.1:1/care?sslmode=disable")
    assert "postgresql://127.0.0.1:1/care" in text
    assert "hunter2" not in text


def test_it_has_every_option_that_a_start_has() -> None:
    group = typer.main.get_command(app)
    commands = group.commands  # type: ignore[attr-defined]
    offered = {name: {each.name for each in commands[name].params} for name in ("serve", "check-config")}
    assert offered["check-config"] - offered["serve"] == {"reach", "as_json"}
    assert offered["serve"] <= offered["check-config"]
