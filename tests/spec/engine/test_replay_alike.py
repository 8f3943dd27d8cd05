"""Whatever is replayed in whatever order: once all of it was, the record is the one that a rebuild of the journal makes."""

from __future__ import annotations

import asyncio
import csv
import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from conformance.examples.day import day
from interop.app.copying import copy_journal
from interop.app.engine import Engine
from interop.apply.journalled import REPLAYED
from interop.ids import Mint
from interop.mapping.library import Family, adapters
from interop.mapping.reading import families
from interop.mapping.refusal import TablesRefused
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Messages, Search
from tests.spec.engine.retabling import forget, tables, use
from tests.spec.engine.running import client, ingest, running
from tests.spec.engine.taking import CHANGING, MOST, persons, present
from tests.spec.engine.test_replay import replayed
from tests.spec.engine.test_takedown_alike import KEY, Sent, bodies, differences

pytestmark = [pytest.mark.anyio, pytest.mark.long]
ROWS = 24
"""Rows of a family's tables that are missing."""
COPIED = "r4"
"""One row of this family takes all elements over: some types are taken out of it."""


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    """Other tests find the packaged tables."""
    yield
    forget()


def yields(tables: Family, sent: Sequence[Sent]) -> list[object]:
    """What these tables make of the messages of their family."""
    made: list[object] = []
    for adapter, body in sent:
        if adapter == tables.name:
            envelope, source = adapters()[adapter].open(body)
            try:
                mapped = tables.map(source, envelope, Mint(KEY))
                made.append((mapped.contributions, mapped.relinks, mapped.losses))
            except Exception as error:
                made.append(type(error))
    return made


def lacking(directory: Path, family: str, random: Random, sent: Sequence[Sent]) -> Path:
    """The packaged tables without some rows of a family, such that they are not refused and some message says something else."""
    if family == COPIED:
        return tables(
            directory,
            {"r4/elements.csv": lambda text: re.sub(r"\|(location|medication|care_team|device|practitioner_role)(?=\|)", "", text)},
        )
    while True:
        made = tables(directory, {})
        names: list[tuple[Path, str]] = []
        for file in sorted((made / family).glob("elements*.csv")):
            lines = [line for line in file.read_text("utf-8").splitlines() if line and not line.startswith(("#", "row,"))]
            names += [(file, row[0]) for row in csv.reader(lines)]
        for file, name in random.sample(names, min(ROWS, len(names) // 4 or 1)):
            text = file.read_text("utf-8")
            file.write_text("".join(line for line in text.splitlines(keepends=True) if not line.startswith(f"{name},")), "utf-8")
        try:
            if yields(Family.load(family, root=made), sent) != yields(Family.load(family), sent):
                return made
        except TablesRefused:
            pass
        shutil.rmtree(directory)


async def whole(engine: Engine) -> dict[str, Any]:
    """Everything that is in the record, without versions, times and messages; also what is about nobody."""
    told = {}
    for one in await engine.workshop.store.query(Search(PERMIT_ALL, "", count=MOST)):
        body = orjson.loads(one.body)
        meta = {name: value for name, value in body.get("meta", {}).items() if name not in CHANGING}
        told[f"{one.type}/{one.id}"] = body | {"meta": meta}
    return told | {name: [told[name], said["of"]] for name, said in (await present(engine)).items()}


async def states(engine: Engine) -> list[tuple[int, str, str, int, int]]:
    """What became of each message."""
    found = await engine.workshop.store.query(Messages(count=10_000))
    return [(one.message, one.state, one.reason, one.carried, one.lost) for one in found if one.adapter != REPLAYED]


async def rested(engine: Engine) -> None:
    while engine.workshop.unfinished:
        await asyncio.sleep(0.01)


async def alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, random: Random, sent: list[Sent], order: tuple[Path | None, Path | None],
    **more: Any,
) -> None:  # fmt: skip
    """Sent under the one tables, replayed in random portions by the others, held against a rebuild by these."""
    data, again = tmp_path / "data", tmp_path / "again"
    data.mkdir(mode=0o700)
    (data / "id.key").write_bytes(KEY)
    use(monkeypatch, order[0])
    numbers = []
    async with running(data, **more) as engine, client(engine) as http:
        for feed, body in sent:
            answer = (await ingest(http, body, feed)).json()
            numbers += [answer["message"]] if answer.get("message") else []
        await rested(engine)
        first, were = await whole(engine), await states(engine)
    use(monkeypatch, order[1])
    async with running(data, **more) as engine, client(engine) as http:
        left = [*numbers]
        random.shuffle(left)
        while left:
            some = left[: random.randrange(1, 15)]
            left = [one for one in left if one not in some]
            told = await replayed(http, message=some + random.sample(numbers, min(3, len(numbers))))
            assert not told.held
        now, who, became = await whole(engine), await persons(engine), await states(engine)
        once = await replayed(http, message=random.sample(numbers, min(40, len(numbers))))
        assert (once.number, once.differences, once.moved) == (0, {}, [])
    again.mkdir(mode=0o700)
    (again / "id.key").write_bytes(KEY)
    await copy_journal((data, more.get("database")), (again, None))
    async with running(again, **{name: value for name, value in more.items() if name != "database"}) as engine:
        await rested(engine)
        assert differences(now, await whole(engine)) == {}
        assert await persons(engine) == who
        assert await states(engine) == became
    assert order[0] == order[1] or (now, became) != (first, were)


@pytest.mark.parametrize("family", sorted(families()))
async def test_of_each_family_whose_tables_have_got_rows(family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(f"replay {family}")
    sent = [(family, body) for body in bodies(family)]
    random.shuffle(sent)
    await alike(tmp_path, monkeypatch, random, sent[:40], (lacking(tmp_path / "tables", family, random, sent[:40]), None))


@pytest.mark.parametrize("seed", range(3))
async def test_of_a_day_of_several_feeds_whose_tables_have_lost_rows(
    seed: int, place: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(f"replay {seed}")
    sent = [(one.adapter, one.body) for one in day(date(2026, 1, 5))]
    random.shuffle(sent)
    await alike(
        tmp_path, monkeypatch, random, sent[:120], (None, lacking(tmp_path / "tables", "hl7v2", random, sent[:120])), **place
    )


async def test_of_messages_that_say_what_they_said(place: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random("replay")
    sent = [(one.adapter, one.body) for one in day(date(2026, 1, 5))]
    random.shuffle(sent)
    await alike(tmp_path, monkeypatch, random, sent[:120], (None, None), **place)
