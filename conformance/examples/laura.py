"""Laura's day: her plan is known; she falls; the crew reads it; the locality team comes within two hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from conformance.examples.cast import DESK, FALLS_CLINIC, GP, MATRON, NURSE, PHYSIOTHERAPIST, laura, working
from conformance.examples.feed import AMBULANCE, EREFERRAL, HOSPITAL, Sent
from conformance.examples.feed import GP as PRACTICE_FEED
from conformance.generate import adt, cda, clinical, emis, stu3
from conformance.generate.adt import Envelope, Registration
from conformance.generate.clinical import Call, Term
from conformance.generate.itk import Booking
from conformance.generate.places import CALL_ADVISORS, COMMUNITY, OPERATORS
from conformance.generate.record import Consultation, Entry, Problem, Record

WHAT_MATTERS = "What matters to me: to stay in my own home, look after my garden, and not to go to hospital unless I must."


def _record(base: date) -> Record:
    """Her record as it stood in the morning."""
    assessed = datetime.combine(base - timedelta(days=12), time(10, 30))
    plan = Entry(
        "plan/main", "DRY", clinical.CARE_PLAN, working(base, 42).date(), MATRON,
        f"{WHAT_MATTERS}\n"
        f"Named clinician: {GP.spoken}, {laura(base).practice.name}. Copy given to Laura on {assessed:%d %B %Y}.\n"
        f"If Laura falls: ring the co-ordination desk on {DESK}, day or night. Where she is not injured the locality "
        "team comes within two hours; take her to hospital only for a suspected fracture, "
        "a head injury or a change in consciousness.\n"
        "Key safe by the back door; her son Edwin and the desk have the number.",
        shown="Integrated management plan: review", place="Patient's home", heading="Follow up",
    )  # fmt: skip
    steps = [
        Entry("plan/falls", "DRY", clinical.FALLS_ASSESSMENT, working(base, 9).date(), PHYSIOTHERAPIST,
              "Strength and balance, home hazards, footwear.", place="Patient's home", heading="Follow up"),
        Entry("plan/medicines", "DRY", clinical.MEDICATION_REVIEW, working(base, 21).date(), GP,
              "Blood pressure tablets and dizziness on standing.", place="Oakshaw Surgery", heading="Follow up"),
        Entry("plan/flu", "DRY", clinical.FLU, working(base, 30).date(), NURSE, place="Oakshaw Surgery", heading="Follow up"),
    ]  # fmt: skip
    record = Record(laura(base), date(2009, 6, 1))
    record.problems = [
        Problem("problem/bones", clinical.OSTEOPOROSIS, base - timedelta(days=2200), GP, about=("course/bones",)),
        Problem("problem/pressure", clinical.HYPERTENSION, base - timedelta(days=3900), GP, about=("course/pressure",)),
        Problem(
            "problem/falls", clinical.FALLS_RISK, assessed.date(), MATRON, text="Two falls in the past year, neither with injury."
        ),
    ]
    lying = Entry("visit/lying", "VAL", clinical.SYSTOLIC, assessed, MATRON, value="142", unit="mm Hg", heading="Examination")
    record.consultations = [Consultation("visit/assessment", assessed, MATRON, "HV", 50, [lying, plan, *steps])]
    since = base - timedelta(days=900)
    record.loose = [
        Entry("course/bones", "MED", clinical.OSTEOPOROSIS, since, GP, medicine=clinical.ALENDRONATE),
        Entry("course/pressure", "MED", clinical.HYPERTENSION, since, GP, medicine=clinical.RAMIPRIL),
        Entry("course/pressure/issue", "ISS", clinical.HYPERTENSION, base - timedelta(days=6), GP, medicine=clinical.RAMIPRIL),
        Entry("allergy/penicillin", "ALL", clinical.PENICILLIN, date(1988, 5, 2), GP, "Swelling of the face."),
    ]
    return record


def _after_the_visit(base: date, visited: datetime) -> Record:
    """Her record in the evening: the visit, the review brought forward, a rail to be fitted."""
    record = _record(base)
    assessment = record.consultations[0]
    plan = next(entry for entry in assessment.entries if entry.key == "plan/main")
    plan.on = working(base, 7).date()
    plan.text += f"\nFell at home on {base:%d %B %Y}, no injury; seen by crew and locality team, stayed at home."
    rail = Entry(
        "plan/rail", "DRY", Term("", "", "Bathroom rail and bed lever to be fitted"), working(base, 2).date(), PHYSIOTHERAPIST,
        "Ordered from the equipment store.", place="Patient's home", heading="Follow up",
    )  # fmt: skip
    pulse = Entry(
        "visit/after/pressure", "VAL", clinical.SYSTOLIC, visited, MATRON, value="118", unit="mm Hg", heading="Examination"
    )
    note = Entry(
        "visit/after/note", "OBS", clinical.HOME_VISIT, visited, MATRON,
        "Urgent response within two hours of the crew's call. Shaken, walking with her stick, drop in pressure on standing. "
        "Wishes to stay at home; neighbour will look in tonight.", heading="Comment",
    )  # fmt: skip
    record.consultations.append(Consultation("visit/after", visited, MATRON, "HV", 40, [note, pulse, rail]))
    return record


def day(base: date) -> Iterator[Sent]:
    """Her messages, in order."""

    def at(hour: int, minute: int) -> datetime:
        return datetime.combine(base, time(hour, minute))

    person = laura(base)
    yield Sent(at(6, 40), PRACTICE_FEED, "laura-record", emis.document(_record(base), at(6, 40)))

    clinic = Booking(
        "APL72001", FALLS_CLINIC, working(base, 8, 10, 15), 30,
        "Falls and bone health: new patient", note="Please bring all medicines and walking aids.",
    )  # fmt: skip
    siu = adt.schedule("S12", Registration.of(person), clinic, Envelope(f"L{base:%y%m%d}0001", at(9, 5), 1, OPERATORS[2]))
    yield Sent(at(9, 5), HOSPITAL, "laura-falls-clinic", siu)

    call = Call(
        "Fallen in the kitchen, cannot get up without help; neighbour with her",
        ("Conscious and talking", "No head injury", "No pain in hip or back", "Not on blood thinners"),
        "Dx05",
        "To contact a local service within 2 hours",
        (
            "Not conveyed: her plan asks that she stays at home where there is no injury.",
            "Locality team to visit within two hours, asked through the co-ordination desk.",
            "Call again at once for pain in the hip, drowsiness or vomiting.",
        ),
        clinical.FALL,
    )
    crew = (
        "Ambulance at scene 13:48. Lifted with cushion. "
        "Alert, GCS 15, pulse 76 regular, BP 124/70 lying, 104/66 standing, SpO2 97%.",
        "Shared plan read at the scene: what matters to her, and who to ring.",
        "Co-ordination desk rung 14:02; accepted for urgent response.",
    )
    report = cda.Report(
        "MA72140001", call, at(13, 31), at(14, 6), CALL_ADVISORS[2], COMMUNITY, crew=crew, informant=("99", "Not specified")
    )
    yield Sent(at(14, 7), AMBULANCE, "laura-fall", cda.message(person, report))

    referral = stu3.Referral(
        "400072000001", clinical.SPECIALTIES[4], at(15, 58), "URGENT", letter="Strength and balance after a fall"
    )
    yield Sent(at(15, 58), EREFERRAL, "laura-physiotherapy-referral", stu3.referral(person, referral))
    referral.version, referral.state = 2, "BOOKED"
    slot = working(base, 5, 14, 0)
    booked = stu3.Appointment("40720001", referral, slot, at(16, 2), comment="Transport is booked")
    yield Sent(at(16, 2), EREFERRAL, "laura-physiotherapy-booking", stu3.appointment(person, booked))
    yield Sent(at(16, 3), EREFERRAL, "laura-physiotherapy-booked", stu3.referral(person, referral))
    yield Sent(at(17, 20), PRACTICE_FEED, "laura-record-after-visit", emis.document(_after_the_visit(base, at(15, 35)), at(17, 20)))
