"""Feeds that send all that they hold: the feeds file says so, and the status of a message how much it took back."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.app.feeds import read_feeds
from tests.spec.engine.running import client, found, ingest, running

pytestmark = pytest.mark.anyio
HEAD = "feed,adapter,ack,test_numbers,description"
VISIT = "PV1|1|I|WARD||||||||||||||||V1"


def message(day: int, *allergies: str) -> bytes:
    lines = [f"MSH|^~\\&|PAS|RXX|HUB|HUB|202601{day:02}1000||ADT^A08|S{day}|P|2.4", f"EVN|A08|202601{day:02}1000"]
    lines += ["PID|1||P1^^^PAS||TEST^ANN", VISIT, *(f"AL1|{n}|DA|{code}^Allergy {code}" for n, code in enumerate(allergies, 1))]
    return "\r".join(lines).encode()


async def test_what_a_message_takes_back_is_told_with_it(tmp_path: Path) -> None:
    feeds = tmp_path / "feeds.csv"
    feeds.write_text(f"{HEAD},snapshots\npas,hl7v2,applied,yes,the hospital,allergies\n")
    async with running(tmp_path / "data", feeds=feeds, mllp_feed="pas") as engine, client(engine) as http:
        told = []
        for body in (message(1, "A", "B"), message(2, "B"), message(3)):
            answer = await ingest(http, body, feed="pas")
            said = (await http.get(f"/messages/{answer.json()['message']}")).json()
            told.append(said.get("retracted", 0))
        assert told == [0, 1, 0]
        left = await found(http, "AllergyIntolerance")
        assert [one["code"]["coding"][0]["code"] for one in left] == ["B"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (f"{HEAD},snapshots\npas,hl7v2,applied,yes,x,medicines\n", "line 2: hl7v2 has no scope medicines"),
        (f"{HEAD},more\n", "the columns must be"),
    ],
)
async def test_a_scope_that_there_is_not_is_refused(rows: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "feeds.csv").write_text(rows)
    with pytest.raises(ValueError, match=reason):
        read_feeds(tmp_path / "feeds.csv")


async def test_a_feed_declares_scopes_or_that_it_sends_changes_alone(tmp_path: Path) -> None:
    (tmp_path / "feeds.csv").write_text(
        f"{HEAD},snapshots\na,hl7v2,applied,no,x,allergies diagnoses\nb,openhr,applied,no,x,delta\n"
    )
    feeds = read_feeds(tmp_path / "feeds.csv")
    assert (feeds["a"].snapshots, feeds["b"].snapshots) == (("allergies", "diagnoses"), ("delta",))
