"""Bill's day: his wife rings for help instead of 999; one plan, from many authors, is what everyone works to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from conformance.examples.cast import DESK, GP, MATRON, MEMORY_CLINIC, MEMORY_NURSE, SOCIAL_WORKER, THERAPIST, bill, working
from conformance.examples.feed import AMBULANCE, EREFERRAL, HOSPITAL, Sent
from conformance.examples.feed import GP as PRACTICE_FEED
from conformance.generate import adt, cda, clinical, emis, stu3
from conformance.generate.adt import Envelope, Registration
from conformance.generate.clinical import Call, Term
from conformance.generate.itk import Booking
from conformance.generate.places import CALL_ADVISORS, COMMUNITY, OPERATORS
from conformance.generate.record import Consultation, Entry, Problem, Record


def _record(base: date) -> Record:
    """His record in the morning: the integrated locality review, each professional's part entered by themselves."""
    met = datetime.combine(base - timedelta(days=20), time(13, 0))
    plan = Entry(
        "plan/main", "DRY", clinical.CARE_PLAN, working(base, 56).date(), GP,
        "What matters to me: my dog, my allotment, and to be with Joan. What matters to Joan: a night's sleep, "
        "and one number to ring.\n"
        f"Named clinician: {MATRON.spoken}, {MATRON.role}.\n"
        f"In a crisis: Joan rings the co-ordination desk on {DESK} and not 999. A crew that is called reads this first: "
        "Bill does not like to be hurried; say your name each time; let Joan stay with him.\n"
        "He wishes to be looked after at home, and in hospital only for what cannot be done there.",
        shown="Integrated locality review: one plan for Bill and Joan, review", place="Patient's home", heading="Follow up",
    )  # fmt: skip
    steps = [
        Entry("plan/memory", "DRY", Term("", "", "Memory nurse visit"), working(base, 4).date(), MEMORY_NURSE,
              "Sleep at night and wandering; look at the evening dose of donepezil.", place="Patient's home", heading="Follow up"),
        Entry("plan/home", "DRY", Term("", "", "Door sensor and night lights"), working(base, 12).date(), THERAPIST,
              "Front door alarm to Joan's bed; lights on the stairs.", place="Patient's home", heading="Follow up"),
        Entry("plan/carer", "DRY", Term("", "", "Assessment of carer's needs"), working(base, 15).date(), SOCIAL_WORKER,
              "Joan has cared alone for three years; day centre and sitting service to be offered.", heading="Follow up"),
        Entry("plan/medicines", "DRY", clinical.MEDICATION_REVIEW, working(base, 25).date(), GP,
              place="Oakshaw Surgery", heading="Follow up"),
    ]  # fmt: skip
    record = Record(bill(base), date(1998, 10, 12), carer="Wife, main carer")
    record.problems = [
        Problem("problem/dementia", clinical.ALZHEIMERS, base - timedelta(days=1100), GP, about=("course/donepezil",)),
        Problem("problem/pressure", clinical.HYPERTENSION, base - timedelta(days=5200), GP, "M", about=("course/pressure",)),
    ]
    record.consultations = [Consultation("visit/review", met, GP, "FFO", 45, [plan, *steps])]
    record.loose = [
        Entry("course/donepezil", "MED", clinical.ALZHEIMERS, base - timedelta(days=1000), GP, medicine=clinical.DONEPEZIL),
        Entry("course/pressure", "MED", clinical.HYPERTENSION, base - timedelta(days=1500), GP, medicine=clinical.MEDICINES[1]),
        Entry("course/donepezil/issue", "ISS", clinical.ALZHEIMERS, base - timedelta(days=11), GP, medicine=clinical.DONEPEZIL),
    ]
    return record


def _after_the_crisis(base: date, visited: datetime) -> Record:
    """His record in the evening: what was done, the memory nurse sooner, respite, Joan's assessment brought forward."""
    record = _record(base)
    for entry in record.consultations[0].entries:
        if entry.key == "plan/memory":
            entry.on = working(base, 1).date()
            entry.text += " Brought forward after Joan's call."
        if entry.key == "plan/carer":
            entry.on = working(base, 3).date()
    respite = Entry(
        "plan/respite", "DRY", Term("", "", "Night sitting service"), working(base, 1).date(), SOCIAL_WORKER,
        "Three nights from tomorrow, so that Joan may sleep; then one night a week.", place="Patient's home", heading="Follow up",
    )  # fmt: skip
    note = Entry(
        "visit/crisis/note", "OBS", clinical.HOME_VISIT, visited, MATRON,
        "Seen the same morning after Joan rang. Bill calm, no sign of infection, eating. Joan exhausted and tearful. "
        "Agreed with both: stay at home with more help.", heading="Comment",
    )  # fmt: skip
    record.consultations.append(Consultation("visit/crisis", visited, MATRON, "HV", 60, [note, respite]))
    return record


def day(base: date) -> Iterator[Sent]:
    """His messages, in order."""

    def at(hour: int, minute: int) -> datetime:
        return datetime.combine(base, time(hour, minute))

    def envelope(number: int, when: datetime) -> Envelope:
        return Envelope(f"B{base:%y%m%d}{number:04d}", when, number, OPERATORS[2])

    person = bill(base)
    yield Sent(at(6, 50), PRACTICE_FEED, "bill-record", emis.document(_record(base), at(6, 50)))

    temporary = "T6600001"
    review = Booking(
        "APB66001", MEMORY_CLINIC, working(base, 11, 11, 0), 45, "Memory clinic: yearly review",
        note="Joan to come with him. Quiet room, please.",
    )  # fmt: skip
    booked_as = Registration.of(person, number=temporary)
    yield Sent(at(8, 40), HOSPITAL, "bill-memory-clinic", adt.schedule("S12", booked_as, review, envelope(1, at(8, 40))))
    yield Sent(at(9, 15), HOSPITAL, "bill-merged", adt.merge(Registration.of(person), temporary, envelope(2, at(9, 15))))

    call = Call(
        "Wife rings: husband with dementia up all night and out in the street; she cannot go on",
        ("Back indoors, unhurt", "No fever, drinking", "No threat to himself or others", "Carer alone, has not slept"),
        "Dx05",
        "To contact a local service within 2 hours",
        (
            "Passed to the co-ordination desk as his plan asks; no ambulance sent.",
            "Community matron to visit this morning.",
            "Joan may ring the desk at any hour.",
        ),
        Term("704448006", "", "Caregiver stress"),
    )
    report = cda.Report("MA66093001", call, at(9, 30), at(9, 46), CALL_ADVISORS[0], COMMUNITY, informant=("1", "Spouse"))
    yield Sent(at(9, 47), AMBULANCE, "bill-carer-call", cda.message(person, report))

    referral = stu3.Referral(
        "400066000001",
        clinical.SPECIALTIES[5],
        at(12, 15),
        "URGENT",
        letter="Nights worse; carer strain",
        needs=("TRANSPORT", "ADVOCACY"),
    )
    yield Sent(at(12, 15), EREFERRAL, "bill-memory-referral", stu3.referral(person, referral))
    referral.version, referral.state = 2, "BOOKED"
    slot = working(base, 9, 13, 30)
    booked = stu3.Appointment("40660001", referral, slot, at(12, 40), minutes=60, clinician="555099000204")
    yield Sent(at(12, 40), EREFERRAL, "bill-memory-booking", stu3.appointment(person, booked))
    yield Sent(at(12, 41), EREFERRAL, "bill-memory-booked", stu3.referral(person, referral))
    yield Sent(
        at(16, 30), PRACTICE_FEED, "bill-record-after-crisis", emis.document(_after_the_crisis(base, at(11, 20)), at(16, 30))
    )
