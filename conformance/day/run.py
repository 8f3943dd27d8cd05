"""Runs the day against an engine of this environment and prints what became of it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from conformance.bench.report import WrongOutcome
from conformance.bench.server import Server, command
from conformance.day.mllp import Link
from conformance.day.page import print_record
from conformance.day.picture import draw
from conformance.day.record import PersonRecord, read_record, sources
from conformance.day.sharing import agree, consent, signed_on
from conformance.day.visiting import links
from conformance.examples.day import day, feeds, people, yesterday
from conformance.examples.feed import ExampleMessage

MLLP_FEED = "hospital"
PATIENCE = 120.0
OPTIONS = ("--test-numbers", "--rules", "ours")
"""The people of the day have numbers of the test range, and the record acts by the project's rules."""
_PENDING = re.compile(r'^interop_deliveries\{destination="rules",state="pending"\} [1-9]', re.MULTILINE)
"""Something may have happened that the rules have not looked at."""
OWN = "api"
"""The feed of what the engine writes itself."""
LOG = "engine.log"
"""What the engine says of itself, in the data directory: a terminal is for what is told here."""
LAST = 20
"""Lines of it that are shown where all is not well."""
STATES = ("waiting", "applied", "refused", "failed", "shelved")


def run(
    *,
    once: bool,
    data: Path | None,
    http: str,
    mllp: str,
    mappers: int | None,
    base: date | None = None,
    picture: Path | None = None,
) -> int:
    """Start, send, read, print; 0 when every message is in the record and the three are found. ``once``: then stop. ``base``: the
    day that is told of, yesterday unless given. ``picture``: a file for an SVG of the first one's record."""
    console = Console(soft_wrap=False)
    on = base or yesterday()
    today = on + timedelta(days=1)
    with ExitStack() as stack:
        directory = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="interop-")))
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        said = stack.enter_context((directory / LOG).open("ab")).fileno()
        try:
            server = stack.enter_context(
                Server(directory, http=http, mllp=mllp, feed=MLLP_FEED, mappers=mappers, options=OPTIONS, open=False, errors=said)
            )
        except WrongOutcome as problem:
            _show_log(console, directory)
            console.print(
                f"[bold red]{problem}[/]: see the sentence above; another engine may have the ports or the data directory."
            )
            return 1
        web = f"http://127.0.0.1:{server.http}"
        console.print(f"The engine is up: FHIR {web}/fhir, MLLP port {server.mllp}.")
        client = stack.enter_context(signed_on(web, directory, "tester"))
        operator = stack.enter_context(signed_on(web, directory, "operator"))
        link = stack.enter_context(Link("127.0.0.1", server.mllp))
        began = time.monotonic()
        failures = _send(console, list(day(on)), client, link)
        waited = _settled(operator)
        seconds = time.monotonic() - began
        states = _by_feed(directory)
        acted = states.pop(OWN, Counter())["applied"]
        for name, counts in states.items():
            console.print(f"  {name:10} " + ", ".join(f"{count} {state}" for state, count in sorted(counts.items()) if count))
        total = sum(counts.get("applied", 0) for counts in states.values())
        console.print(f"{total} messages journalled, mapped and in the record after {seconds:.1f} s.")
        console.print(f"By its rules (docs/rules.md) the record has acted {acted} times: tasks, clocks, news for care teams.\n")
        console.print(f"{agree(operator)} organisations agree to share; the practices take down the consent of the three.\n")
        records = []
        for person in people(on):
            practice = stack.enter_context(signed_on(web, directory, "gp", person.practice.ods))
            consent(practice, person)
            records.append(read_record(practice, person))
        for record in records:
            print_record(console, record, _address(web, record), today)
        if picture is not None:
            draw(records[0], today, picture)
        well = not failures and waited and all(_complete(record) for record in records) and _all_applied(states)
        if not well:
            _show_log(console, directory)
            console.print(
                f"[bold red]Not all is well[/]: {failures or 'see the counts above'}; interop messages --data {directory}"
            )
        if once:
            return 0 if well else 1
        console.print("The engine stays up; Ctrl-C stops it. Open a link in a browser and choose [bold]Sign in[/]:")
        for line in links(web, [record.patients[0]["id"] for record in records if record.patients]):
            console.print(line, soft_wrap=True, highlight=False, markup=False)
        asked = f"interop token --data {directory} --role gp --org {records[0].person.practice.ods}"
        for line in (
            "In a second terminal, after . .venv/bin/activate:",
            f"  what came: interop messages --data {directory}",
            f"  who is fit to leave hospital and waits: interop worklist medically-fit --data {directory}",
            f'  whatever a GP may ask: curl -H "Authorization: Bearer $({asked})" {web}/fhir/Patient',
            f"  what the engine says of itself: cat {directory / LOG}",
            f"What a crew is shown of {records[0].person.given}, as JSON: {_card(web, records[0])}",
        ):
            console.print(line, soft_wrap=True, highlight=False, markup=False)
        _wait()
        return 0 if well else 1


def _send(console: Console, messages: list[ExampleMessage], client: httpx.Client, link: Link) -> list[str]:
    """Push every message through its feed's port, in the order of the day; what was not accepted."""
    totals = Counter(message.feed for message in messages)
    failures: list[str] = []
    columns = (TextColumn("{task.description:12}"), BarColumn(bar_width=40), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bars: dict[str, TaskID] = {feed.name: progress.add_task(feed.name, total=totals[feed.name]) for feed in feeds()}
        for message in messages:
            if message.adapter == "hl7v2":
                said = link.send(message.body)
                accepted = said == "AA"
            else:
                answer = client.post(f"/ingest/{message.feed}", content=message.body)
                said, accepted = str(answer.status_code), answer.is_success
            if not accepted:
                failures.append(f"{message.file_name} {said}")
            progress.advance(bars[message.feed])
    if not console.is_terminal:
        console.print("Sent: " + ", ".join(f"{count} from {name}" for name, count in totals.items()) + ".")
    return failures


def _states(told: str) -> dict[str, Counter[str]]:
    """Messages by feed and state, as ``/metrics`` tells."""
    found: dict[str, Counter[str]] = {}
    for line in told.splitlines():
        if line.startswith("interop_messages{"):
            labels, _, value = line.removeprefix("interop_messages{").partition("} ")
            names = dict(part.split("=") for part in labels.split(","))
            if float(value):
                found.setdefault(names["feed"].strip('"'), Counter())[names["state"].strip('"')] += int(float(value))
    return found


def _by_feed(directory: Path) -> dict[str, Counter[str]]:
    """Messages by feed and state, as ``interop messages`` tells: ``/metrics`` names declared feeds alone."""
    said = subprocess.run(
        [command(), "messages", "--feeds", "--json", "--data", str(directory)], capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    return {line["feed"]: Counter({state: line[state] for state in STATES if line[state]}) for line in lines}


def _settled(client: httpx.Client) -> bool:
    """Wait until nothing is on its way to the record and the rules have looked at all of it; whether that came."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        told = client.get("/metrics").text
        waiting = any(counts.get("waiting", 0) + counts.get("received", 0) for counts in _states(told).values())
        if not waiting and not _PENDING.search(told):
            return True
        time.sleep(0.05)
    return False


def _all_applied(states: dict[str, Counter[str]]) -> bool:
    return all(set(counts) <= {"applied"} for counts in states.values()) and len(states) == len(feeds())


def _address(web: str, record: PersonRecord) -> str:
    """Where all of a person's record is."""
    return f"{web}/fhir/Patient/{record.patients[0]['id']}/$everything" if record.patients else ""


def _card(web: str, record: PersonRecord) -> str:
    return f"{web}/fhir/Patient/{record.patients[0]['id']}/$crew-card" if record.patients else "nothing"


def _complete(record: PersonRecord) -> bool:
    """Whether the record is one person's, from every feed: all four tell of each of the three."""
    return sources(record) == {feed.name for feed in feeds()} and bool(record.plans and record.appointments and record.contacts)


def _show_log(console: Console, directory: Path) -> None:
    for line in (directory / LOG).read_text(encoding="utf-8", errors="replace").splitlines()[-LAST:]:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _wait() -> None:
    try:
        signal.pause()
    except KeyboardInterrupt:
        print("Stopping.", file=sys.stderr)
