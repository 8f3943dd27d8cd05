"""``kill -9`` while a watched folder is read: the file goes on where it was, nothing of it is lost and nothing is there twice."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from random import Random

import pytest

from adapters.hl7v2.framing import frame
from tests.failures import failing
from tests.spec.durability.process import Served
from tests.spec.durability.state import opened
from tests.spec.engine.messages import adt

pytestmark = pytest.mark.anyio
HEAD = b"ObservationGuid,PatientGuid,OrganisationGuid,EffectiveDate,EffectiveDatePrecision,EnteredDate,EnteredTime,ClinicianUserInRoleGuid,EnteredByUserInRoleGuid,ParentObservationGuid,CodeId,ProblemGuid,AssociatedText,ConsultationGuid,Value,NumericUnit,ObservationType,NumericRangeLow,NumericRangeHigh,DocumentGuid,Deleted,IsConfidential,ProcessingId\r\n"  # noqa: E501
MANY = 12_000
"""Messages of a file that is not read to its end while whoever watches stands still for some seconds."""
HANDED = re.compile(r"interop_folder_messages_total\S* (\d+)")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def rows(count: int, path: Path) -> None:
    """An extract of so many observations."""
    organisation = b"00000001-5e11-4c0a-9b1d-000000000001"
    with path.open("wb") as file:
        file.write(HEAD)
        for number in range(count):
            patient = b"00000004-5e11-4c0a-9b1d-%012d" % (number // 50)
            file.write(
                b"00000006-5e11-4c0a-9b1d-%012d,%b,%b,2025-10-14,YMD,2025-10-14,10:05:00,,,,8001,,,,%d,kg,Value,,,,false,false,7\r\n"
                % (number, patient, organisation, number % 90)
            )


def watched(tmp_path: Path, adapter: str) -> tuple[Path, Path]:
    """A feeds file that declares a folder, and the folder."""
    folder = tmp_path / "in"
    folder.mkdir()
    feeds = tmp_path / "feeds.csv"
    feeds.write_text(f"feed,adapter,ack,test_numbers,description,folder\nward,{adapter},journalled,yes,,in\n", encoding="utf-8")
    return feeds, folder


async def handed(served: Served) -> int:
    """Messages that this process has handed over."""
    async with served.client() as http:
        found = HANDED.search((await http.get("/metrics")).text.replace(".0", ""))
    return int(found[1]) if found else 0


async def killed(tmp_path: Path, feeds: Path, folder: Path, name: str, moments: list[int]) -> None:
    """Kill the engine once it has handed over so many messages, at each start; then let it read to the end."""
    for moment in moments:
        async with Served(tmp_path / "data", "--feeds", str(feeds), mappers=0) as served:
            while (count := await handed(served)) < moment:
                assert not (folder / "archive" / name).exists(), f"it was read before {moment} messages"
                await asyncio.sleep(0)
            print(f"kill -9 after {count} messages")
            served.kill()
            await served.ended()
    async with Served(tmp_path / "data", "--feeds", str(feeds), mappers=0) as served:
        while not (folder / "archive" / name).exists():
            await asyncio.sleep(0.01)
        served.terminate()
        assert await served.ended() == 0


@pytest.mark.long
@pytest.mark.timeout(300)
@failing(
    "engine",
    "taking in",
    "starting",
    seen="a file of a watched folder is read in part",
    recovered="the next start goes on with it; what the journal has beyond the position is known by its bytes",
)
async def test_a_killed_engine_goes_on_with_the_file_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what was journalled before nothing is even repeated."""
    monkeypatch.setenv("INTEROP_HOLD", "1")
    feeds, folder = watched(tmp_path, "hl7v2")
    bodies = [adt(control=f"C{number}", local=f"L{number}") for number in range(MANY)]
    (folder / "day.hl7").write_bytes(b"".join(map(frame, bodies)))
    await killed(tmp_path, feeds, folder, "day.hl7", [1_500])
    with opened(tmp_path / "data" / "journal.sqlite") as connection:
        controls = [control for (control,) in connection.execute("SELECT control_id FROM entry ORDER BY message")]
        assert controls == [f"C{number}" for number in range(MANY)]
        assert connection.execute("SELECT count(*) FROM repetition").fetchone() == (0,)
    assert [each.name for each in folder.iterdir() if each.is_file()] == []
    assert list((folder / ".working").iterdir()) == []


@pytest.mark.long
@pytest.mark.timeout(1_800)
async def test_a_file_of_a_million_rows_is_read_once_through_five_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row stands in the journal once."""
    monkeypatch.setenv("INTEROP_HOLD", "1")
    feeds, folder = watched(tmp_path, "emis")
    rows(1_000_000, tmp_path / "observations.csv")
    (tmp_path / "observations.csv").rename(folder / "observations.csv")
    random = Random(60)
    await killed(tmp_path, feeds, folder, "observations.csv", [random.randrange(1, 1_800) for _ in range(5)])
    seen = bytearray(1_000_000)
    with opened(tmp_path / "data" / "journal.sqlite") as connection:
        for (body,) in connection.execute("SELECT body FROM body ORDER BY message"):
            text = body if isinstance(body, bytes) else bytes(body)
            for found in re.finditer(rb"(?m)^00000006-5e11-4c0a-9b1d-(\d{12}),", text):
                seen[int(found[1])] += 1
        assert connection.execute("SELECT count(*) FROM repetition").fetchone() == (0,)
    assert (min(seen), max(seen)) == (1, 1)
