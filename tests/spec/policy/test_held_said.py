"""What a person has said, as the one Consent that is kept of it (``interop.policy.said``), and what users declare."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from interop.fhir.findings import failed
from interop.fhir.rows import EARLIEST, LATEST
from interop.fhir.validation import check
from interop.ids import ODS_ORGANISATION
from interop.policy.access import access_rows
from interop.policy.asker import Asker
from interop.policy.declarations import claim, emergency
from interop.policy.said import DECISIONS, GIVEN, REFUSED, WITHDRAWN, Said, named, opens, read, superseded, written
from interop.policy.tables import tables
from tests.spec.policy.test_held_relationships import at

NOW = at("2026-01-10T09:00:00Z")
GP = Asker("https://issuer.test|gp", "gp", "A81001", scopes=None)
LABELS = sorted({label.consent for label in tables().labels if label.consent})
DAUGHTER = {"reference": "RelatedPerson/daughter"}
SON = {"identifier": {"system": "urn:interop:user", "value": "https://issuer.test|son"}}
HIV = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}
HL7 = "http://terminology.hl7.org/CodeSystem/"
UNTIL = some.sampled_from(["", "2026-06-30", "2030-01-01T00:00:00Z"])
WHATEVER = some.builds(
    Said,
    some.just(""),
    some.just(""),
    some.dictionaries(some.sampled_from(LABELS), some.tuples(some.sampled_from([GIVEN, REFUSED]), UNTIL), max_size=4),
    some.fixed_dictionaries({}, optional={named(each): some.tuples(some.just(each), UNTIL) for each in (DAUGHTER, SON)}),
) | some.builds(Said, some.sampled_from(DECISIONS), UNTIL)


def kept(said: Said, taken_by: str = "", asker: Asker = GP) -> dict[str, Any]:
    return written(said, "c1", "p1", asker, taken_by, NOW)


def rows(said: Said) -> set[tuple[str, str, int, int]]:
    return {(row.parameter, row.a, int(row.b), int(row.c)) for row in access_rows(kept(said)) if row.kind == "access"}


def concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


@given(WHATEVER)
def test_what_was_said_comes_back_and_keeps_to_r4(said: Said) -> None:
    assert read(kept(said)) == said
    assert not failed(check(kept(said, "the receptionist")))


def test_a_consent_is_written_to_the_letter() -> None:
    said = Said(GIVEN, "2030-12-31", {"HIV": (REFUSED, "")}, {named(DAUGHTER): (DAUGHTER, "2027")})
    assert kept(said, "the receptionist") == {
        "resourceType": "Consent",
        "id": "c1",
        "meta": {"security": [HIV]},
        "extension": [
            {
                "url": "urn:interop:extension:taken-by",
                "valueReference": {"identifier": {"system": "urn:interop:user", "value": GP.user}, "display": "the receptionist"},
            }
        ],
        "status": "active",
        "scope": concept(HL7 + "consentscope", "patient-privacy"),
        "category": [concept("http://loinc.org", "59284-0"), concept("urn:interop:codes:access", "given")],
        "patient": {"reference": "Patient/p1"},
        "dateTime": "2026-01-10T09:00:00.000Z",
        "organization": [{"identifier": {"system": ODS_ORGANISATION, "value": "A81001"}}],
        "policyRule": concept(HL7 + "v3-ActCode", "OPTIN"),
        "provision": {
            "type": "permit",
            "period": {"end": "2030-12-31"},
            "provision": [
                {"type": "permit", "purpose": [{"system": HL7 + "v3-ActReason", "code": "BTG"}]},
                {"type": "deny", "securityLabel": [HIV]},
                {
                    "type": "permit",
                    "period": {"end": "2027"},
                    "actor": [{"role": concept(HL7 + "v3-ParticipationType", "IRCP"), "reference": DAUGHTER}],
                },
            ],
        },
    }


def test_what_is_not_said_is_not_written() -> None:
    bare = kept(Said(), asker=Asker())
    assert set(bare) == {"resourceType", "id", "status", "scope", "category", "patient", "dateTime", "policyRule", "provision"}
    assert bare["category"] == [concept("http://loinc.org", "59284-0")]
    assert list(bare["provision"]) == ["provision"]
    assert kept(Said(), "a nurse", Asker())["extension"][0]["valueReference"] == {"display": "a nurse"}
    assert kept(Said())["extension"][0]["valueReference"] == {"identifier": {"system": "urn:interop:user", "value": GP.user}}


@pytest.mark.parametrize(
    ("whole", "rule", "row"),
    [
        ("", "OPTINR", set()),
        (GIVEN, "OPTIN", {("consent", "given", NOW, LATEST)}),
        (REFUSED, "OPTOUT", {("consent", "refused", EARLIEST, LATEST)}),
        (WITHDRAWN, "OPTOUT", {("consent", "refused", EARLIEST, LATEST)}),
    ],
)
def test_what_a_decision_on_the_whole_comes_to(whole: str, rule: str, row: set[tuple[str, str, int, int]]) -> None:
    said = Said(whole)
    assert rows(said) == row
    assert kept(said)["policyRule"] == concept(HL7 + "v3-ActCode", rule)


def test_what_is_said_of_labels_and_proxies_comes_to_rows_of_their_own() -> None:
    said = Said("", "", {"HIV": (GIVEN, ""), "PSY": (REFUSED, "2026-06-30")}, {named(SON): (SON, "2026-06-30")})
    assert rows(said) == {
        ("consent", "given:HIV", NOW, LATEST),
        ("consent", "refused:PSY", EARLIEST, at("2026-07-01")),
        ("proxy", "user:https://issuer.test|son", NOW, at("2026-07-01")),
    }


class TestDeciding:
    BEFORE = Said(GIVEN, "2030", {"HIV": (REFUSED, ""), "STD": (GIVEN, "2027")}, {named(SON): (SON, "")})

    def test_each_decision_leaves_what_it_is_not_about(self) -> None:
        assert self.BEFORE.decide(REFUSED, "") == Said(REFUSED, "", self.BEFORE.labels, self.BEFORE.proxies)
        labelled = self.BEFORE.decide(GIVEN, "2028", ("HIV", "PSY"))
        assert (labelled.whole, labelled.until, labelled.proxies) == (GIVEN, "2030", self.BEFORE.proxies)
        assert labelled.labels == {"HIV": (GIVEN, "2028"), "PSY": (GIVEN, "2028"), "STD": (GIVEN, "2027")}
        assert list(labelled.labels) == ["HIV", "PSY", "STD"]
        acting = self.BEFORE.decide(GIVEN, "2028", (), (DAUGHTER,))
        assert (acting.whole, acting.labels) == (GIVEN, self.BEFORE.labels)
        assert acting.proxies == {named(SON): (SON, ""), named(DAUGHTER): (DAUGHTER, "2028")}

    def test_what_is_withdrawn_of_labels_and_proxies_is_as_if_it_had_never_been_said(self) -> None:
        assert self.BEFORE.decide(WITHDRAWN, "", ("HIV",)).labels == {"STD": (GIVEN, "2027")}
        assert self.BEFORE.decide(WITHDRAWN, "", (), (SON,)).proxies == {}
        assert self.BEFORE.decide(REFUSED, "", (), (SON, DAUGHTER)).proxies == {}
        assert self.BEFORE.decide(REFUSED, "", ("STD",), (SON,)).labels["STD"] == (REFUSED, "")

    def test_both_at_once(self) -> None:
        said = Said().decide(GIVEN, "", ("HIV",), (SON,))
        assert said == Said("", "", {"HIV": (GIVEN, "")}, {named(SON): (SON, "")})


class TestGivingWay:
    THEIRS = Said(
        REFUSED, "", {"HIV": (REFUSED, ""), "STD": (GIVEN, "2027")}, {named(SON): (SON, ""), named(DAUGHTER): (DAUGHTER, "")}
    )

    def test_the_whole_gives_way_to_another_decision_on_the_whole_and_to_no_other(self) -> None:
        left = self.THEIRS.give_way(Said(GIVEN))
        assert left == Said("", "", self.THEIRS.labels, self.THEIRS.proxies)
        assert self.THEIRS.give_way(Said(REFUSED, "2027")).whole == ""
        assert self.THEIRS.give_way(Said(REFUSED)) == self.THEIRS
        assert self.THEIRS.give_way(Said(GIVEN, "", {"ETH": (GIVEN, "")}), ("ETH",)) == self.THEIRS

    def test_labels_give_way_to_another_decision_on_them(self) -> None:
        new = Said("", "", {"HIV": (GIVEN, ""), "STD": (GIVEN, "2027")})
        assert self.THEIRS.give_way(new, ("HIV", "STD")).labels == {"STD": (GIVEN, "2027")}
        assert self.THEIRS.give_way(Said("", "", {"STD": (GIVEN, "")}), ("STD",)).labels == {"HIV": (REFUSED, "")}
        assert self.THEIRS.give_way(Said(), ("HIV",)).labels == {"STD": (GIVEN, "2027")}
        assert self.THEIRS.give_way(Said(), ("HIV",)).whole == REFUSED

    def test_so_do_proxies(self) -> None:
        same = Said("", "", {}, {named(SON): (SON, "")})
        assert self.THEIRS.give_way(same, (), (SON,)) == self.THEIRS
        assert set(self.THEIRS.give_way(Said(), (), (SON,)).proxies) == {named(DAUGHTER)}
        assert set(self.THEIRS.give_way(Said("", "", {}, {named(SON): (SON, "2027")}), (), (SON,)).proxies) == {named(DAUGHTER)}


class TestOpening:
    CLOSED = (Said(GIVEN, "", {"STD": (GIVEN, "")}), Said("", "", {"HIV": (REFUSED, "")}))

    @pytest.mark.parametrize("decision", [REFUSED, WITHDRAWN])
    def test_what_closes_opens_nothing(self, decision: str) -> None:
        assert opens([Said(REFUSED)], decision, (), ()) is False
        assert opens(self.CLOSED, decision, ("HIV",), (SON,)) is False

    @pytest.mark.parametrize(("whole", "opened"), [("", False), (GIVEN, False), (REFUSED, True), (WITHDRAWN, True)])
    def test_the_whole_is_opened_where_any_consent_has_closed_it(self, whole: str, opened: bool) -> None:
        assert opens([Said(GIVEN), Said(whole)], GIVEN, (), ()) is opened
        assert opens([Said(whole)], GIVEN, ("HIV",), ()) is False

    def test_a_label_is_opened_where_any_consent_has_refused_it(self) -> None:
        assert opens(self.CLOSED, GIVEN, ("STD", "HIV"), ()) is True
        assert opens(self.CLOSED, GIVEN, ("STD",), ()) is False
        assert opens(self.CLOSED, GIVEN, ("PSY",), ()) is False
        assert opens(self.CLOSED, GIVEN, (), ()) is False

    def test_whoever_is_named_to_act_for_the_person_is_let_in(self) -> None:
        assert opens([], GIVEN, (), (SON,)) is True
        assert opens(self.CLOSED, GIVEN, ("STD",), (SON,)) is True
        assert opens([], GIVEN, (), ()) is opens([], GIVEN, ("HIV",), ()) is False


def test_what_is_superseded_is_no_longer_in_force_and_otherwise_as_it_was() -> None:
    before = kept(Said(GIVEN, "", {"HIV": (GIVEN, "")}))
    after = superseded(before)
    assert after == {**{name: value for name, value in before.items() if name != "meta"}, "status": "inactive"}
    assert not [row for row in access_rows(after) if row.kind == "access"]


def test_a_consent_of_others_says_nothing_that_is_ours() -> None:
    assert read({"resourceType": "Consent"}) == Said()
    theirs = {
        "provision": {
            "type": "permit",
            "provision": [
                {"type": "deny", "securityLabel": [{"system": "https://else.test", "code": "HIV"}, {"code": "HIV"}]},
                {"type": "permit", "securityLabel": [{"system": HL7 + "v3-Confidentiality", "code": "N"}]},
                {"type": "permit", "actor": [{"reference": "RelatedPerson/x"}, {"role": {}}]},
            ],
        }
    }
    assert read(theirs) == Said()


def test_a_proxy_is_named_by_reference_or_identifier() -> None:
    assert named(DAUGHTER) == "RelatedPerson/daughter"
    assert named(SON) == "urn:interop:user|https://issuer.test|son"


def test_an_emergency_is_written_to_the_letter() -> None:
    assert emergency(GP, "p1", "unconscious", NOW, NOW + 3_600_000_000) == {
        "resourceType": "Consent",
        "extension": [{"url": "urn:interop:extension:reason", "valueString": "unconscious"}],
        "status": "active",
        "scope": concept(HL7 + "consentscope", "patient-privacy"),
        "category": [concept("urn:interop:codes:access", "break-glass")],
        "patient": {"reference": "Patient/p1"},
        "dateTime": "2026-01-10T09:00:00.000Z",
        "policyRule": concept(HL7 + "v3-ActCode", "EMRGONLY"),
        "provision": {
            "type": "permit",
            "period": {"start": "2026-01-10T09:00:00.000Z", "end": "2026-01-10T10:00:00.000Z"},
            "actor": [
                {
                    "role": concept(HL7 + "v3-ParticipationType", "IRCP"),
                    "reference": {"identifier": {"system": "urn:interop:user", "value": GP.user}},
                }
            ],
            "purpose": [{"system": HL7 + "v3-ActReason", "code": "BTG"}],
        },
    }


def test_a_claim_is_written_to_the_letter() -> None:
    assert claim(GP, "p1", "asked in", "2026-01-10", "2026-02-10") == {
        "resourceType": "CareTeam",
        "status": "active",
        "category": [concept("urn:interop:codes:access", "self-claimed")],
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2026-01-10", "end": "2026-02-10"},
        "participant": [{"member": {"identifier": {"system": "urn:interop:user", "value": GP.user}}}],
        "reasonCode": [{"text": "asked in"}],
    }
