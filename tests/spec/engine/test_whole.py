"""What a resource does not say any more is gone: a flag that is taken down, a problem that is open again. Whichever comes first."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any, Final, NamedTuple

import httpx
import pytest

from interop.mapping.library import adapters
from tests.spec.engine.running import found, ingest
from tests.spec.families.maps import example

pytestmark = pytest.mark.anyio
PROBLEM: Final = "00000006-5e11-4c0a-9b1d-00000000000e"


class Case(NamedTuple):
    """What an earlier and a later message say of a resource: a search for it, what is gone after the later one, what stands."""

    family: str
    earlier: bytes
    later: bytes
    search: str
    gone: tuple[str, ...]
    stands: dict[str, Any]


def rows(text: bytes, **cells: str) -> bytes:
    """The table of an EMIS example with the row of the problem alone and these cells in it."""
    columns, *lines = text.decode().splitlines()
    names = columns.split(",")
    (line,) = [line for line in lines if line.startswith(PROBLEM)]
    row = {**dict(zip(names, line.split(","), strict=True)), **cells}
    return f"{columns}\r\n{','.join(row[name] for name in names)}\r\n".encode()


async def applied(http: httpx.AsyncClient, family: str, text: bytes) -> None:
    for body in adapters()[family].split(BytesIO(text)):
        answer = await ingest(http, body, feed=family)
        assert (answer.status_code, answer.json()["state"]) == (200, "applied"), answer.text


HANDOVER: Final = example("documents", "handover.json")
BOOKING: Final = example("gpconnect", "appointment.json")
REPORT: Final = example("nhs111", "report.xml")
PROBLEMS: Final = example("emis", "problems.txt")
CASES: Final = {
    "documents: an allergy without its date": Case(
        "documents",
        HANDOVER,
        HANDOVER.replace(b"2026-07-14T14:55:30", b"2026-07-14T15:05:30").replace(
            b'"assertedDate": "2026-07-14T14:05:00+01:00"', b'"type": "allergy"'
        ),
        "AllergyIntolerance",
        ("recordedDate",),
        {"type": "allergy"},
    ),
    "gpconnect: a booking without its comment": Case(
        "gpconnect",
        BOOKING,
        BOOKING.replace(b'"versionId": "12"', b'"versionId": "13"').replace(b' "comment": "Ring the mobile",\n', b""),
        "Appointment",
        ("comment",),
        {"status": "cancelled"},
    ),
    "nhs111: a contact without a disposition": Case(
        "nhs111",
        REPORT,
        re.sub(rb"<dischargeDispositionCode[^>]*>", b"", REPORT)
        .replace(b"20250218214233+0000", b"20250218224233+0000")
        .replace(b'versionNumber value="1"', b'versionNumber value="2"'),
        "Encounter",
        ("hospitalization",),
        {"status": "finished"},
    ),
    "emis: a problem that is open again": Case(
        "emis",
        rows(PROBLEMS),
        rows(PROBLEMS, ProblemStatusDescription="Active Problem", EndDate="", EndDatePrecision="", ProcessingId="8"),
        "Condition",
        ("abatementDateTime",),
        {},
    ),
}


@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "late"])
@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
async def test_what_is_not_said_any_more_is_gone(http: httpx.AsyncClient, case: Case, backwards: bool) -> None:
    for body in (case.later, case.earlier) if backwards else (case.earlier, case.later):
        await applied(http, case.family, body)
        if body is case.earlier and not backwards:
            (before,) = await found(http, case.search)
            assert set(case.gone) <= before.keys()
    (after,) = await found(http, case.search)
    assert not set(case.gone) & after.keys()
    assert after.items() >= case.stands.items()


async def test_an_entry_keeps_the_codes_of_the_delivery_before(http: httpx.AsyncClient) -> None:
    """A coding table brings each code once: an entry that comes again without it has its code all the same."""
    delivery = example("emis", "delivery.txt")
    await applied(http, "emis", delivery)
    lines = delivery.decode().splitlines()
    (at,) = [
        place for place, line in enumerate(lines) if line.startswith("ObservationGuid,PatientGuid,OrganisationGuid,EffectiveDate")
    ]
    names, told = lines[at].split(","), next(line for line in lines[at:] if line.startswith("00000006-5e11-4c0a-9b1d-000000000105"))
    row = dict(zip(names, told.split(","), strict=True)) | {"ProcessingId": "8", "AssociatedText": "Left arm"}
    await applied(http, "emis", f"{lines[at]}\n{','.join(row[name] for name in names)}\n".encode())
    (given,) = [one for one in await found(http, "Immunization") if one.get("note") == [{"text": "Left arm"}]]
    assert given["vaccineCode"]["text"] == "Influenza vaccination"
