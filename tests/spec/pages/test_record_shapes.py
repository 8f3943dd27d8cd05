"""Letters, appointments, medicines and permissions as values for pages, without a browser or an engine."""

from __future__ import annotations

import base64
from datetime import date
from time import process_time
from typing import Any

import pytest

from interop.api.operations.telling_medicines import composition
from interop.careplan.medicines.values import Aside, Change, Changes, Stay, Told
from interop.careplan.plan import Origin
from interop.pages.record.asking import Known
from interop.pages.record.bookings import booking
from interop.pages.record.changes import MATCHED, changes
from interop.pages.record.courses import groups
from interop.pages.record.documents import documents, parts
from interop.pages.record.files import file, named
from interop.pages.record.kinds import result
from interop.pages.record.narratives import blocks
from interop.pages.record.origins import absent, origin
from interop.pages.record.permissions import permission
from interop.pages.record.sources import Source
from interop.policy.absence import SYSTEM

TODAY = date(2026, 10, 15)


def words(markup: str) -> list[Any]:
    """Blocks of markup, each as what it says."""
    return [each.words or each.items or each.rows for each in blocks(markup)]


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ("<div>one\ntwo</div>", ["one\ntwo"]),
        ("<div><p>Foot warm,\n can move</p><p>No fever<br/>today</p></div>", ["Foot warm, can move", "No fever\ntoday"]),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c <p>d</p></li></ul>e", [["a", "b", "c\nd"], "e"]),
        ("<table><tr><th>Test</th></tr><tr><td>Hb<br>98</td></tr></table>", [[["Test"], ["Hb\n98"]]]),
        ("<h2>Plan</h2>rest &lt;b&gt; &amp; ice", ["Plan", "rest <b> & ice"]),
        ("<p>a<script>alert(1)</script><style>p{}</style><img src=x onerror=alert(1)>b</p>", ["ab"]),
        ("<svg><p>no</p></svg><iframe>no</iframe><p onclick=x>yes", ["yes"]),
        ("<p>never <b>closed<div>either</p></ul></table></td>", ["never closed", "either"]),
        ("BP <90, <b title='a>b'>then</b> >100", ["BP <90, then >100"]),
        ("<p title=don't>it's</p><!-- no --><!DOCTYPE no><?no ?>x<br />y<![CDATA[no]]>", ["it's", "x\ny"]),
        ("before <!-- that never ends <b>bold</b> <i", ["before <!-- that never ends bold <i"]),
        ("a <b title='never ends> b", ["a b"]),
        (f"<p>&#{'1' * 5000};</p>", [f"&#{'1' * 5000};"]),
        ("", []),
    ],
)
def test_of_markup_only_the_words_are_left(markup: str, said: list[Any]) -> None:
    assert words(markup) == said


ENDLESS = (
    "<!--",
    "<!",
    "<a ",
    "</",
    "<?",
    "<![",
    "<a x='",
    '<a \'">"',
    "<a x='>'",
    "<script",
    "&#1",
    "<p>",
    " ",
    "<li>",
    "<!---",
    "= '",
)


@pytest.mark.parametrize("piece", ENDLESS)
def test_markup_is_read_once_whatever_it_is(piece: str) -> None:
    """A letter of some kilobytes stops nobody's pages."""
    for ending in ("", "<", ">", "'>"):
        size = 200_000 // len(piece)
        begun = process_time()
        blocks(piece * size + ending)
        assert process_time() - begun < 2


def test_headings_of_columns_are_known_as_such() -> None:
    (table,) = blocks("<table><tr><th>A</th><th>B</th></tr><tr><th>x</th><td>1</td></tr></table>")
    assert table.head == 1


def attached(media: str, content: bytes = b"", **more: Any) -> dict[str, Any]:
    held = {"data": base64.b64encode(content).decode()} if content else {}
    return {"contentType": media, **held, **more}


def test_a_file_is_shown_fetched_or_said_to_be_elsewhere() -> None:
    text = file(attached("text/plain; charset=utf-8", b"Dear Dr\r\n\r\nShe is well."), 0)
    assert [each.words for each in text.blocks] == ["Dear Dr", "She is well."]
    pdf = file(attached("application/pdf", url="https://fhir.test/Binary/a1/_history/2", size=20480), 0)
    assert (pdf.kind, pdf.size, pdf.binary, pdf.held) == ("PDF", "20 kB", "a1", False)
    away = file(attached("application/pdf", url="https://letters.test/1"), 0)
    assert (away.binary, away.held, away.elsewhere) == ("", False, "https://letters.test/1")
    odd = file(attached("text/html\r\nx: y", b"<p>x"), 0)
    assert (odd.kind, odd.blocks) == ("application/octet-stream", ())


def test_a_file_is_saved_under_a_name_of_ours() -> None:
    """What its sender calls it may name the person, or more than one file."""
    assert named(attached("application/pdf", title='../Susan "Haldane".pdf'), 0) == "document-1.pdf"
    assert named(attached("application/x-evil"), 2) == "document-3.bin"


def test_a_document_that_came_in_two_forms_is_one_letter() -> None:
    key = {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:1"}
    whole = {"resourceType": "Composition", "id": "c", "identifier": key, "date": "2026-10-01", "title": "Discharge summary"}
    same = {"resourceType": "DocumentReference", "id": "d", "masterIdentifier": key, "date": "2026-10-01"}
    other = {
        "resourceType": "DocumentReference",
        "id": "e",
        "status": "superseded",
        "date": "2026-10-02",
        "type": {"text": "Letter"},
    }
    found = documents([same, other], [whole], Known())
    assert [(each.type, each.id) for each in found] == [("DocumentReference", "e"), ("Composition", "c")]
    assert found[0].status == "Superseded: a later one takes its place"


def test_sections_within_sections_are_told_with_what_is_in_them() -> None:
    inner = {"title": "Dose", "text": {"div": "<div>10 mg</div>"}}
    letter = {
        "section": [
            {"title": "Medicines", "section": [inner]},
            {"title": "Allergies", "emptyReason": {"text": "Not asked"}},
            {"title": "Results", "entry": [{"display": "Haemoglobin"}]},
            {"title": "Plan"},
        ]
    }
    found = [
        (each.level, each.title, [one.words for one in each.blocks], each.entries, each.empty) for each in parts(letter, Known())
    ]
    assert found == [
        (0, "Medicines", [], (), ""),
        (1, "Dose", ["10 mg"], (), ""),
        (0, "Allergies", [], (), "Not asked"),
        (0, "Results", [], ("Haemoglobin",), ""),
        (0, "Plan", [], (), "Nothing is said here"),
    ]


def test_an_appointment_is_told_by_the_clock_on_the_wall() -> None:
    """British Summer Time ends within these days."""
    summer = booking({"status": "booked", "start": "2026-10-15T17:30:00Z", "end": "2026-10-15T18:00:00Z"}, Known(), TODAY)
    winter = booking({"status": "noshow", "start": "2026-11-03T18:30:00+00:00", "minutesDuration": 40}, Known(), TODAY)
    assert (summer.when, summer.near, summer.lasts) == ("Thu 15-Oct-2026 18:30 to 19:00", "Today", "")
    assert (winter.when, winter.near, winter.lasts) == ("Tue 03-Nov-2026 18:30", "", "40 minutes")
    assert (winter.status, winter.standing) == ("Did not attend", "missed")
    assert booking({"status": "waitlist"}, Known(), TODAY).when == "Time not set"


def test_an_appointment_says_who_booked_it_where_it_is_and_why_it_is_not() -> None:
    clinic = {"resourceType": "Location", "id": "l", "name": "FRACOP", "description": "Fracture Clinic"}
    extension = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-BookingOrganization"
    one = {
        "status": "cancelled",
        "contained": [{"resourceType": "Organization", "id": "o", "name": "Oakshaw Surgery"}],
        "extension": [{"url": extension, "valueReference": {"reference": "#o"}}],
        "participant": [{"actor": {"reference": "Location/l"}}, {"actor": {"display": "nobody"}}],
        "cancelationReason": {"text": "Clinic is closed"},
    }
    found = booking(one, Known([clinic]), TODAY)
    assert (found.booked_by, found.what, found.why_over) == ("Oakshaw Surgery", "Fracture Clinic", "Clinic is closed")
    assert (found.status, found.standing) == ("Cancelled", "over")


def told(side: str, directions: str, standing: str = "taking", type: str = "MedicationStatement", **more: Any) -> Told:
    made = Origin(type, side, 1, "RX1", "Dr Ansley", date="2026-10-14T00:00:00+01:00")
    return Told(side, "Naproxen 250 mg", (), standing, made, directions=directions, **more)


def folded(*lines: Change, aside: tuple[Aside, ...] = ()) -> Any:
    """What ``$medication-changes`` answers of these, as it is shown."""
    stay = Stay(frozenset(("Encounter/1",)), 0, 1, "2026-10-14T07:25:00+01:00", "2026-10-14T18:20:00+01:00")
    made = composition(Changes(stay, lines, aside), "p", "1", 0, False, None)
    medicine = {"resourceType": "MedicationRequest", "id": "9", "medicationCodeableConcept": {"text": "Aspirin"}}
    return changes({"entry": [{"resource": made}, {"resource": medicine}]}, Known())


def test_before_and_after_stand_side_by_side_under_the_word_for_what_became_of_it() -> None:
    line = Change(
        "Naproxen 250 mg", "stopped", "words", (told("before", "ONE TWICE A DAY"), told("after", "", "stopped", reason="Ulcer"))
    )
    found = folded(line, aside=(Aside(Origin("MedicationRequest", "9", 1), "a prescription that is used up"),))
    ((title, (one,)),) = found.kinds
    assert (title, one.name, one.notes, one.reasons) == ("Stopped", "Naproxen 250 mg", (MATCHED,), ("Ulcer",))
    assert [(each.words, each.standing, each.who, each.when) for each in one.before] == [
        ("ONE TWICE A DAY", "", "Dr Ansley, RX1", "14-Oct-2026")
    ]
    assert [(each.words, each.standing) for each in one.after] == [("How it is taken is not said", "Stopped")]
    assert (found.began, found.ended, found.aside) == (
        "14-Oct-2026 07:25",
        "14-Oct-2026 18:20",
        ("Aspirin: a prescription that is used up",),
    )


def test_what_a_list_leaves_out_is_not_known_and_nowhere_called_stopped() -> None:
    line = Change(
        "Naproxen 250 mg", "not-known", "code", (told("before", "ONE TWICE A DAY"),), note="The hospital's list does not have it."
    )
    ((title, (one,)),) = folded(line).kinds
    assert (title, one.after, one.notes) == ("Not known", (), ("The hospital's list does not have it.",))


def test_a_prescription_and_what_is_taken_by_it_are_said_once() -> None:
    both = (told("before", "ONE DAILY"), told("before", "ONE DAILY", type="MedicationRequest"))
    ((_, (one,)),) = folded(Change("Naproxen 250 mg", "unchanged", "code", both)).kinds
    assert len(one.before) == 1


def test_without_a_stay_it_is_said_that_there_is_none() -> None:
    made = composition(Changes(None), "p", "1", 0, False, None)
    found = changes({"entry": [{"resource": made}]}, Known())
    assert (found.kinds, found.none) == ((), "No stay in hospital is recorded")


def medicine(name: str, status: str, source: str, **more: Any) -> dict[str, Any]:
    meta = {"source": f"urn:interop:feed:{source}#1", "lastUpdated": "2026-10-15T07:30:00Z"}
    held = {"resourceType": "MedicationStatement", "status": status, "meta": meta}
    return held | {"medicationCodeableConcept": {"text": name}, "dosage": [{"text": "ONE DAILY"}], **more}


def test_medicines_stand_by_who_says_so_and_what_is_over_apart() -> None:
    current = [medicine("Ramipril", "active", "gp"), medicine("Ramipril", "on-hold", "hospital")]
    former = [medicine("Naproxen", "stopped", "gp", statusReason=[{"text": "Ulcer"}])]
    found = groups(current, former, Known(), lambda each: Source(each["meta"]["source"]), 0)
    by = {each.source.who.split(":")[3]: each for each in found}
    assert [(each.name, each.dose, each.status) for each in by["gp#1"].now] == [("Ramipril", "ONE DAILY", "")]
    assert [(each.name, each.status) for each in by["gp#1"].past] == [("Naproxen", "Stopped: Ulcer")]
    assert [(each.name, each.status) for each in by["hospital#1"].now] == [("Ramipril", "on hold")]


def why(permitted: bool, *clauses: tuple[str, str, bool | None, str]) -> dict[str, Any]:
    """An answer of ``$why``: of each clause code, words, whether it holds (None: it would change it), organisation."""
    said: list[dict[str, Any]] = [{"name": "permitted", "valueBoolean": permitted}]
    for code, told_, holds, organisation in clauses:
        part: list[dict[str, Any]] = [{"name": "code", "valueCode": code}, {"name": "words", "valueString": told_}]
        part += [] if holds is None else [{"name": "holds", "valueBoolean": holds}]
        part += [{"name": "organisation", "valueString": organisation}] if organisation else []
        said.append({"name": "change" if holds is None else "clause", "part": part})
    return {"parameter": said}


def test_why_is_told_once_with_organisations_by_name_and_what_is_not_shared_first() -> None:
    ods = "https://fhir.nhs.uk/Id/ods-organization-code"
    trust = {"resourceType": "Organization", "id": "t", "name": "Eastmere General", "identifier": [{"system": ods, "value": "RX1"}]}
    shares = ("agreement", "RX1 shares for this purpose.", True, "RX1")
    pending = ("agreement", "G1 does not share for this purpose (pending).", False, "G1")
    seen = why(True, ("relationship", "x", True, ""), ("consent", "The person has consented.", True, ""), shares, pending)
    closed = why(False, ("role", "x", False, ""), ("other-role", "x", None, ""))
    found = permission({"Appointment": seen, "CarePlan": seen, "Observation": closed}, Known([trust]))
    assert [(each.name, each.seen, each.why) for each in found.parts] == [
        ("Appointments", True, ""),
        ("Plan", True, ""),
        ("Results, problems, allergies and medicines", False, "This is not for your role."),
    ]
    assert found.because == ("You are known to be involved in the care of this person.", "The person has consented.")
    assert [(each.name, each.shares, each.state) for each in found.sharing] == [
        ("G1", False, "agreement pending"),
        ("Eastmere General", True, ""),
    ]
    assert (found.nothing, found.all, found.changes) == (False, False, ("Somebody in another role looks.",))


def test_each_kind_of_absence_is_told_in_its_own_words_and_once() -> None:
    def issue(code: str, words: str) -> dict[str, Any]:
        return {"details": {"coding": [{"system": SYSTEM, "code": code}], "text": words}}

    outcome = {
        "issue": [issue("stale", "stale since x: RX1"), issue("withheld", "withheld (no consent)"), {"details": {"text": "else"}}]
    }
    assert [each.code for each in absent([outcome, outcome])] == ["stale", "withheld"]


def test_an_absence_is_told_by_the_clock_on_the_wall_and_by_the_name_of_whose_it_is() -> None:
    trust = {"resourceType": "Organization", "id": "t", "name": "Eastmere General", "identifier": [{"value": "RX1"}]}
    coded = {"coding": [{"system": SYSTEM, "code": "down"}], "text": "source down since 2026-07-01T11:05:00.000Z: RX1"}
    (found,) = absent([{"issue": [{"details": coded}]}], Known([trust]))
    assert found.words == "source down since 01-Jul-2026 12:05: Eastmere General"


def test_where_something_came_from_is_whom_it_names_else_whose_feed_it_is_and_when_it_came_is_told() -> None:
    organisation = {"resourceType": "Organization", "id": "o", "name": "Oakshaw Surgery"}
    meta = {"source": "urn:interop:feed:gp#7", "lastUpdated": "2026-10-15T07:30:00Z"}
    one = origin({"meta": meta, "custodian": {"reference": "Organization/o"}}, Known([organisation]))
    assert tuple(one) == ("Oakshaw Surgery", "feed gp", "2026-10-15T07:30:00Z")
    assert origin({"meta": meta}, Known(feeds={"gp": "G1"})).organisation == "G1"
    trust = {"resourceType": "Organization", "id": "t", "name": "Eastmere General"}
    patient = {"resourceType": "Patient", "id": "p", "managingOrganization": {"reference": "Organization/t"}}
    about = {"subject": {"reference": "Patient/p"}, "meta": meta}
    assert origin(about, Known([trust, patient])).organisation == "Eastmere General"


def test_of_who_hides_where_they_are_no_source_is_told() -> None:
    """Who contributes to a record is most often near where the person lives."""
    security = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "REDACTED"}]
    meta = {"security": security, "source": "urn:interop:feed:gp#7", "lastUpdated": "2026-10-15T07:30:00Z"}
    organisation = {"resourceType": "Organization", "id": "o", "name": "Oakshaw Surgery"}
    resource = {
        "resourceType": "Observation",
        "meta": meta,
        "performer": [{"reference": "Organization/o"}, {"display": "Dr Ansley"}],
    }
    one = result(resource, Known([organisation]))
    assert tuple(one.origin) == ("", "source not given for this person", "2026-10-15T07:30:00Z")
    assert one.by == "Dr Ansley"


def test_what_was_written_here_is_not_told_as_the_word_of_whoever_keeps_the_patient() -> None:
    trust = {"resourceType": "Organization", "id": "t", "name": "Eastmere General"}
    patient = {"resourceType": "Patient", "id": "p", "managingOrganization": {"reference": "Organization/t"}}
    about = {"subject": {"reference": "Patient/p"}, "meta": {"source": "urn:interop:feed:api#1"}}
    assert tuple(origin(about, Known([trust, patient]))) == ("", "written here", "")
