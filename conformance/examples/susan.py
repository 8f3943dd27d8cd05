"""Susan's day: a planned knee operation as a day case, home again with changed medicines, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from conformance.examples.cast import FRACTURE_CLINIC, GP, NURSE, PHYSIO_WETHERHAM, PHYSIOTHERAPIST, susan, working
from conformance.examples.feed import AMBULANCE, EREFERRAL, HOSPITAL, Sent
from conformance.examples.feed import GP as PRACTICE_FEED
from conformance.generate import adt, cda, clinical, emis, stu3
from conformance.generate.adt import Envelope, Registration
from conformance.generate.clinical import Call, Illness, Medicine, Term
from conformance.generate.itk import Booking, Visit
from conformance.generate.places import CALL_ADVISORS, OPERATORS, WARDS
from conformance.generate.record import Consultation, Entry, Problem, Record

_KNEE = Illness(
    "M23.2", "Derangement of meniscus due to old tear or injury", "W82.2", "Endoscopic resection of semilunar cartilage NEC", "HAZ"
)
_NAPROXEN = Medicine("NAPR9010", "Naproxen 250mg tablets", "ONE TO BE TAKEN TWICE A DAY WITH FOOD", "56", "tablet", 28)
_CODEINE = Medicine(
    "COCO9011", "Co-codamol 30mg/500mg tablets", "ONE OR TWO UP TO FOUR TIMES A DAY FOR FIVE DAYS", "30", "tablet", 5
)


def _record(base: date) -> Record:
    """Her record in the morning: a blood form and its result, the operation to come, the plan for coming home."""
    seen = datetime.combine(base - timedelta(days=9), time(9, 10))
    record = Record(susan(base), date(2015, 2, 9))
    record.problems = [
        Problem("problem/knee", clinical.KNEE, base - timedelta(days=400), GP, about=("course/naproxen",)),
        Problem("problem/asthma", clinical.PROBLEMS[3], base - timedelta(days=9000), GP, "M", about=("course/inhaler",)),
    ]
    blood = Entry(
        "visit/blood", "VAL", Term("", "423", "Haemoglobin estimation"), seen, NURSE,
        "Before the operation; result seen and acceptable.", value="131", unit="g/L", heading="Result",
    )  # fmt: skip
    plan = Entry(
        "plan/main", "DRY", clinical.CARE_PLAN, working(base, 28).date(), GP,
        "What matters to me: back at work at the school within six weeks, "
        "and evening appointments so that I miss no more lessons.\n"
        f"Named clinician: {GP.spoken}. Home the same day if the stairs are managed; Chloë stays the first two nights.\n"
        "Exercises from the first day; no driving until she can stop in an emergency.",
        shown="Plan for coming home after knee operation: review", place="Oakshaw Surgery", heading="Follow up",
    )  # fmt: skip
    steps = [
        Entry("plan/wound", "DRY", Term("", "", "Wound check by practice nurse"), working(base, 3, 10, 20),
              NURSE, "Slot 10:20 to 10:40.", place="Oakshaw Surgery", heading="Follow up"),
        Entry("plan/clips", "DRY", Term("", "", "Removal of clips by practice nurse"), working(base, 10, 17, 40),
              NURSE, "Slot 17:40 to 18:00.", place="Oakshaw Surgery", heading="Follow up"),
        Entry("plan/physio", "DRY", clinical.PHYSIOTHERAPY, working(base, 6).date(), PHYSIOTHERAPIST,
              "Choice of two sites, Wetherham or Port Ansley; evenings at both. Susan chose Wetherham.", heading="Follow up"),
    ]  # fmt: skip
    record.consultations = [Consultation("visit/before", seen, NURSE, "FFC", 20, [blood, plan, *steps])]
    record.loose = [
        Entry("course/naproxen", "MED", clinical.KNEE, base - timedelta(days=200), GP, medicine=_NAPROXEN),
        Entry("course/inhaler", "MED", clinical.PROBLEMS[3], base - timedelta(days=700), GP, medicine=clinical.MEDICINES[6]),
    ]
    return record


def _home_again(base: date, told: datetime) -> Record:
    """Her record in the evening: what the hospital changed."""
    record = _record(base)
    note = Entry(
        "visit/letter/note", "OBS", Term("", "", "Discharge letter received"), told, GP,
        "Keyhole operation on the right knee, uneventful. Naproxen stopped in hospital; co-codamol for five days. "
        "Physiotherapy and fracture clinic arranged.", heading="Comment",
    )  # fmt: skip
    record.consultations.append(Consultation("visit/letter", told, GP, "OC", 5, [note]))
    for entry in record.loose:
        if entry.key == "course/naproxen":
            entry.stopped, entry.text = base, "Stopped in hospital."
    record.loose.append(Entry("course/codeine", "MED", clinical.KNEE, base, GP, "Started in hospital.", medicine=_CODEINE))
    record.problems[0].about = ("course/naproxen", "course/codeine")
    return record


def day(base: date) -> Iterator[Sent]:
    """Her messages, in order."""

    def at(hour: int, minute: int) -> datetime:
        return datetime.combine(base, time(hour, minute))

    def envelope(number: int, when: datetime) -> Envelope:
        return Envelope(f"S{base:%y%m%d}{number:04d}", when, number, OPERATORS[0])

    person = susan(base)
    who = Registration.of(person)
    yield Sent(at(6, 45), PRACTICE_FEED, "susan-record", emis.document(_record(base), at(6, 45)))

    visit = Visit(
        "V57000101", WARDS[2], "B12", _KNEE, at(7, 25), arrival="C", method="12", note="Day case; home this evening if well"
    )
    yield Sent(at(7, 30), HOSPITAL, "susan-admitted", adt.admit(who, visit, envelope(1, at(7, 30))))
    visit = visit._replace(bed="RECOVERY 2")
    fit = adt.update(who, visit, envelope(2, at(14, 20)), expected=at(18, 30), ready=at(14, 10))
    yield Sent(at(14, 20), HOSPITAL, "susan-fit-to-go", fit)

    referral = stu3.Referral(
        "400057000001", clinical.SPECIALTIES[4], at(15, 10), "ROUTINE", letter="After knee operation; evenings please"
    )
    yield Sent(at(15, 10), EREFERRAL, "susan-physiotherapy-referral", stu3.referral(person, referral))
    referral.version, referral.state = 2, "BOOKED"
    slot = working(base, 6, 18, 30)
    booked = stu3.Appointment("40570001", referral, slot, at(15, 25), comment="Evening appointment chosen, Wetherham site")
    yield Sent(at(15, 25), EREFERRAL, "susan-physiotherapy-booking", stu3.appointment(person, booked))
    yield Sent(at(15, 26), EREFERRAL, "susan-physiotherapy-booked", stu3.referral(person, referral))

    follow = Booking("APS57001", FRACTURE_CLINIC, working(base, 14, 9, 40), 20, "Review after knee operation")
    yield Sent(at(16, 5), HOSPITAL, "susan-fracture-clinic", adt.schedule("S12", who, follow, envelope(3, at(16, 5))))
    again = Booking(
        "APS57002", PHYSIO_WETHERHAM, working(base, 20, 18, 30), 40, "Physiotherapy: second visit",
        note="Evening session; bring loose clothing.", clinician=PHYSIOTHERAPIST,
    )  # fmt: skip
    yield Sent(at(16, 8), HOSPITAL, "susan-physiotherapy", adt.schedule("S12", who, again, envelope(4, at(16, 8))))
    visit = visit._replace(discharged=at(18, 20))
    yield Sent(at(18, 25), HOSPITAL, "susan-discharged", adt.discharge(who, visit, envelope(5, at(18, 25))))
    yield Sent(at(18, 55), PRACTICE_FEED, "susan-record-home-again", emis.document(_home_again(base, at(18, 40)), at(18, 55)))

    call = Call(
        "Knee more swollen this evening after an operation today; worried",
        ("Foot warm, can move her toes", "No fever", "Pain eases with tablets"),
        "Dx09",
        "For persistent or recurrent symptoms: get in touch with a local service",
        ("Rest with the leg raised and use a cold pack.", "Call again if the calf swells, or for chest pain or breathlessness."),
        Term("271771009", "", "Joint swelling"),
    )
    report = cda.Report("MA57210001", call, at(20, 31), at(20, 44), CALL_ADVISORS[1], person.practice)
    yield Sent(at(20, 45), AMBULANCE, "susan-advice", cda.message(person, report))
