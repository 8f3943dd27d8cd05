"""The tables that a clinical safety officer signs: whole, checked as they are read, and closed where they must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from interop.fhir import facts
from interop.fhir.parameters import compartment, search_parameters
from interop.fhir.rows import IndexRow
from interop.policy.labels import hides_whereabouts, holding_back, label_rows, marks, restricted
from interop.policy.tables import Rows, TablesRefused, packaged, read_tables, tables

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
SENSITIVITY = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
UNPERSONAL_SUBJECTS = {name for name in facts.resource_types() if name.startswith("MedicinalProduct")}
"""Their subject is a product."""
MAY_HOLD_ANYONE = {
    "Basic", "BiologicallyDerivedProduct", "Binary", "Bundle", "Device", "DeviceMetric", "EnrollmentResponse", "GuidanceResponse",
    "Linkage", "MessageHeader", "Parameters", "PaymentNotice", "PaymentReconciliation", "Subscription", "Task",
    "VerificationResult",
}  # fmt: skip


def changed(table: str, change: Callable[[Rows], Any]) -> Callable[[str], Rows]:
    """The tables as they are shipped, one of them changed."""

    def rows(name: str) -> Rows:
        found = packaged(name)
        if name == table:
            change(found)
        return found

    return rows


def refused(table: str, change: Callable[[Rows], Any]) -> list[str]:
    with pytest.raises(TablesRefused) as caught:
        read_tables(changed(table, change))
    assert str(caught.value) == "\n".join(caught.value.refusals)
    return caught.value.refusals


def setting(row: int, **cells: str) -> Callable[[Rows], None]:
    return lambda rows: rows[row].update({name.replace("_", "-"): value for name, value in cells.items()})


def test_every_type_of_r4_has_one_class() -> None:
    assert tables().types.keys() == facts.resource_types()
    assert sum(len(kind.types) for kind in tables().classes.values()) == len(facts.resource_types())


def test_what_may_be_about_a_patient_is_of_a_class_about_persons() -> None:
    for type_, name in tables().types.items():
        personal = type_ in compartment("Patient") and bool(compartment("Patient")[type_]) and type_ != "Schedule"
        personal |= bool({"patient", "subject"} & search_parameters(type_).keys()) and type_ not in UNPERSONAL_SUBJECTS
        if personal or type_ in MAY_HOLD_ANYONE:
            assert tables().classes[name].about in ("person", "unnamed"), type_
    assert tables().classes["contract"].types == ("Contract",)
    assert tables().classes["book"].types == ("Schedule", "Slot")


def test_no_role_but_the_tester_writes_audit_consents_or_agreements_by_a_plain_write() -> None:
    for name, role in tables().roles.items():
        assert role.all == (name == "tester")
        assert role.all or role.writes.isdisjoint({"audit", "governance", "contract", "finance"})
        assert role.all or role.writes <= role.sees


def test_every_row_says_why() -> None:
    for name in (
        "roles",
        "purposes",
        "classes",
        "types",
        "labels",
        "systems",
        "consent",
        "operations",
        "absence",
        "words",
        "besides",
    ):
        assert all(row["why"] and None not in row for row in packaged(name)), name


def test_every_purpose_has_a_code_of_its_own() -> None:
    codes = [purpose.code for purpose in tables().purposes.values()]
    assert len(set(codes)) == len(codes)
    assert dict(zip(tables().purposes, codes, strict=True)) == {
        "direct-care": "TREAT",
        "emergency": "ETREAT",
        "own-record": "PATRQT",
        "booking": "PATADMIN",
        "administration": "HOPERAT",
        "analytics": "HQUALIMP",
        "audit": "HCOMPL",
    }


def test_the_models_of_consent_are_explicit_and_implied() -> None:
    assert dict(tables().models) == {"explicit": "asked", "implied": "assumed"}


NAMED = "what is sensitive, and nothing else, has a name in consents"
REFUSALS = [
    ("types", lambda rows: rows.pop(0), "types.csv, Account: the type has no class"),
    ("types", setting(0, type="Nothing"), "types.csv, Nothing: R4 has no such type"),
    ("types", lambda rows: rows.append(rows[0]), "types.csv, Account: it stands there twice"),
    ("types", setting(0, **{"class": "nothing"}), "types.csv, Account: there is no class nothing"),
    ("types", setting(0, why=""), "types.csv, Account: a row needs a why"),
    ("roles", setting(0, role=""), "roles.csv, : it has no name"),
    ("roles", setting(0, sees="clinical gossip"), "roles.csv, gp: gossip is not known"),
    ("roles", setting(0, writes="gossip"), "roles.csv, gp: gossip is not known"),
    ("roles", setting(0, purposes="gossip"), "roles.csv, gp: gossip is not known"),
    ("roles", setting(0, purposes=""), "roles.csv, gp: a role has a purpose"),
    ("roles", setting(0, relationship="friend"), "roles.csv, gp: friend is none of care, self, proxy, none"),
    ("roles", setting(0, consent=""), "roles.csv, gp: nothing is none of asked, own, none"),
    ("roles", setting(0, clearances="V"), "roles.csv, gp: V is not known"),
    ("roles", setting(0, operations="find-all"), "roles.csv, gp: find-all is not known"),
    ("roles", setting(0, break_glass="perhaps"), "roles.csv, gp: perhaps is none of yes, "),
    (
        "roles",
        setting(0, find=""),
        "roles.csv, gp: who declares anything about a person must be able to find the person",
    ),
    ("classes", setting(0, about="all"), "classes.csv, directory: all is none of open, source, unnamed, person"),
    ("classes", setting(1, agreement="gossip"), "classes.csv, book: there is no purpose gossip"),
    ("besides", setting(0, **{"class": "book"}), "besides.csv, adr: both its classes are about persons"),
    ("besides", setting(0, parameter="gossip"), "besides.csv, adr: Consent is not searched by gossip"),
    ("besides", setting(0, counts="maybe"), "besides.csv, adr: maybe is none of as, not"),
    ("besides", setting(0, counts="not"), "besides.csv, Consent: a row says by what it counts"),
    ("purposes", setting(0, agreements="gossip"), "purposes.csv, direct-care: gossip is not known"),
    ("purposes", setting(0, sees="gossip"), "purposes.csv, direct-care: gossip is not known"),
    ("consent", setting(0, given="hoped"), "consent.csv, explicit: hoped is none of asked, assumed"),
    ("labels", setting(0, kind="secret"), "labels.csv, confidentiality|U: secret is none of law, sensitive, patient, open"),
    ("labels", setting(4, system="other"), "labels.csv, other|R: systems.csv does not know its system"),
    ("labels", setting(4, consent=""), "labels.csv, confidentiality|R: " + NAMED),
    ("labels", setting(5, consent="V"), "labels.csv, confidentiality|V: " + NAMED),
    ("labels", setting(5, on_patient="shown"), "labels.csv, confidentiality|V: what law restricts is withheld on Patients too"),
    ("labels", setting(4, on_patient=""), "labels.csv, confidentiality|R: nothing is none of shown, withheld"),
    ("labels", setting(4, level="R"), "labels.csv, confidentiality|R: a label does not account for itself"),
    ("labels", setting(4, why=""), "labels.csv, confidentiality|R: a row needs a why"),
    ("labels", lambda rows: rows.append(rows[4]), "labels.csv, confidentiality|R: it stands there twice"),
    ("words", setting(0, kind="hints"), "words.csv, role: hints is none of holds, fails, change"),
    ("words", setting(0, words=""), "words.csv, role holds: it stands there twice, or lacks words or a why"),
    ("words", setting(0, why=""), "words.csv, role holds: it stands there twice, or lacks words or a why"),
    ("words", lambda rows: rows.append(rows[0]), "words.csv, role holds: it stands there twice, or lacks words or a why"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "change", "why"), REFUSALS, ids=[f"{table}: {why}" for table, _, why in REFUSALS])
def test_tables_that_do_not_hold_together_are_refused(table: str, change: Callable[[Rows], Any], why: str) -> None:
    assert why in refused(table, change)


def test_a_role_may_be_added_by_a_row() -> None:
    row = next(dict(row) for row in packaged("roles") if row["role"] == "care-navigator") | {"role": "fire-service"}
    made = read_tables(changed("roles", lambda rows: rows.append(row)))
    assert made.roles["fire-service"].sees == made.roles["care-navigator"].sees


def test_patient_labels_may_tell_what_a_patient_shows_and_need_not() -> None:
    def patient(rows: Rows) -> None:
        next(row for row in rows if row["code"] == "NOPAT")["on-patient"] = "withheld"

    assert read_tables(changed("labels", patient)).roles


def label(*codings: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Patient", "meta": {"security": list(codings)}}


def row(code: str, system: str = "urn:interop:label") -> IndexRow:
    return IndexRow("_security", "token", system, code)


def test_a_label_that_the_table_does_not_know_has_a_row_by_which_it_is_held_back() -> None:
    known = {"system": SENSITIVITY, "code": "HIV"}
    assert label_rows(label(known)) == []
    assert label_rows(label(known, {"system": "urn:x", "code": "HIV"})) == [row("unknown")]
    assert label_rows(label({"system": SENSITIVITY, "code": "NEVER HEARD OF"}, {"code": "R"})) == [row("unknown")]
    assert label_rows({"resourceType": "Patient"}) == []
    assert label_rows(label()) == []


def test_a_label_in_words_alone_asks_for_care() -> None:
    assert label_rows(label({"display": "Ask Dr Green first"})) == [row("worded")]
    assert label_rows(label({})) == [row("worded")]


@pytest.mark.parametrize("system", ["http://hl7.org/fhir/v3/Confidentiality", "urn:oid:2.16.840.1.113883.5.25"])
def test_a_label_under_another_address_of_its_system_is_found_under_the_first(system: str) -> None:
    assert label_rows(label({"system": system, "code": "V"})) == [row("V", CONFIDENTIALITY)]
    assert label_rows(label({"system": system, "code": "V"}, {"system": CONFIDENTIALITY, "code": "V"})) == []


@pytest.mark.parametrize("meta", [None, {}, {"security": None}, {"security": "R"}, {"security": ["R"]}, []])
def test_what_is_no_label_is_none(meta: object) -> None:
    assert label_rows({"resourceType": "Patient", "meta": meta}) == []


def test_labels_that_hide_where_a_patient_is() -> None:
    hiding = {code for (system, code), one in tables().known.items() if one.hides and system in (CONFIDENTIALITY, SENSITIVITY)}
    assert hiding == {"R", "V", "PRS", "DEMO", "LOCIS", "LIVARG"}
    assert hides_whereabouts(label({"system": CONFIDENTIALITY, "code": "N"}, {"system": CONFIDENTIALITY, "code": "R"}))
    assert hides_whereabouts(label({"system": "urn:x", "code": "y"}))
    assert hides_whereabouts(label({"display": "hidden"}))
    assert not hides_whereabouts(label({"system": CONFIDENTIALITY, "code": "N"}))
    assert not hides_whereabouts({"resourceType": "Patient"})


def test_what_is_sensitive_is_what_consents_have_a_name_for() -> None:
    for patient in (False, True):
        found = marks(tables(), patient).sensitive
        assert [one.consent for one in found] == sorted({one.consent for one in found} - {""})
        assert {pair for one in found for pair in one.pairs} <= {one.pair for one in tables().labels if one.kind == "sensitive"}
        assert all(one.pairs for one in found)


def test_what_holds_something_back_is_every_label_that_is_not_open() -> None:
    every = [label for label in tables().labels if label.pair[0] != "urn:interop:label"]
    resource = label(*({"system": each.pair[0], "code": each.pair[1]} for each in every))
    assert holding_back(resource) == {each.pair for each in every if each.kind != "open"}
    assert holding_back(label({"system": "urn:x", "code": "y"}))
    assert holding_back({"resourceType": "Patient"}) == set()


def test_what_a_statute_protects_is_known_by_its_label() -> None:
    """However else it is labelled; what is merely sensitive, or unknown, is not of a statute."""
    for each in tables().labels:
        if each.pair[0] != "urn:interop:label":
            assert restricted(label({"system": each.pair[0], "code": each.pair[1]})) == (each.kind == "law"), each.pair
    assert restricted(label({"system": "urn:x", "code": "y"}, {"system": CONFIDENTIALITY, "code": "V"}))
    assert not restricted(label({"system": "urn:x", "code": "y"}))
    assert not restricted({"resourceType": "Patient"})
