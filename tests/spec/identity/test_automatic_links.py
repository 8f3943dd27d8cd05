"""When two source Patients may be one person without anyone deciding: they share an identity, and '' is shared by nobody."""

from __future__ import annotations

from typing import Any

import pytest

from interop.identity.grouping import groups
from interop.identity.known import WITHDRAWN
from interop.identity.linking import identity_of, is_number_alone, number_of
from interop.ids import NHS_NUMBER

NUMBER, OTHER, REPEATED, INVALID = "9990000018", "9990000026", "1111111111", "9990000019"
STATUS = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"


def patient(
    number: str = NUMBER, born: str = "1950-04-01", family: str = "O'Neill", status: str = "01", given: str = "ANY", **more: Any
) -> dict[str, Any]:
    """A Patient as a source tells it."""
    identifier: dict[str, Any] = {"system": NHS_NUMBER, "value": number}
    if status:
        identifier["extension"] = [{"url": STATUS, "valueCodeableConcept": {"coding": [{"code": status}]}}]
    name = [{"family": family, **({"given": given.split()} if given else {})}] if family else []
    return {"resourceType": "Patient", "identifier": [identifier], "birthDate": born, "name": name, **more}


def identity(**said: Any) -> str:
    """Of a feed that may link numbers of the 999 range: those of real people stand in no test."""
    return identity_of(patient(**said), test_numbers=True)


def links(a: str, b: str) -> bool:
    """Whether two Patients are one person by these identities alone."""
    return len(groups({"a": a, "b": b}, (), {})) == 1


def test_number_birth_date_and_names_make_an_identity() -> None:
    """Address and anything else do not count."""
    assert identity() == identity(address=[{"postalCode": "QX1 1AA"}]) != ""
    assert number_of(identity()) == NUMBER


@pytest.mark.parametrize("family", ["O'NEILL", "o neill", "ONeill", "Ó'Neill"])
def test_case_accents_and_punctuation_of_the_name_do_not_count(family: str) -> None:
    assert links(identity(family=family), identity())


@pytest.mark.parametrize("said", [{"born": "1950-01-04"}, {"family": "Nolan", "given": ""}, {"number": OTHER}, {"given": "Anne"}])
def test_where_one_of_them_differs_there_is_no_link(said: dict[str, str]) -> None:
    """A number that was given to a wrong person does not pull two people together."""
    assert not links(identity(**said), identity())


@pytest.mark.parametrize(
    ("a", "b", "linked"),
    [
        ({}, {"family": "Nolan"}, True),
        ({}, {"family": "O'Neill-Nolan"}, True),
        ({"given": "Elizabeth"}, {"given": "Liz"}, True),
        ({"given": "Elizabeth"}, {"given": "E"}, True),
        ({"given": "Elizabeth"}, {"given": "Elizabteh"}, True),
        ({"given": "Zoë"}, {"given": "ZOE"}, True),
        ({"given": "Mary Jane"}, {"given": "Jane Mary"}, True),
        ({"given": "Mary-Jane"}, {"given": "Maryjane"}, True),
        ({"given": "Nolan", "family": "Oliver"}, {"given": "Oliver", "family": "Nolan"}, True),
        ({"given": "Mary"}, {"given": ""}, True),
        ({"gender": "female"}, {"gender": "male"}, True),
        ({"given": "Mary"}, {"given": "Anne"}, False),
        ({"given": "Mia"}, {"given": "Mya"}, False),
        ({"given": "John"}, {"given": "Jack"}, False),
        ({"given": "Mary Jane"}, {"given": "Jane"}, False),
        ({"given": "Baby"}, {"given": "Baby"}, False),
        ({"given": "Mary", "family": "Nolan"}, {"given": ""}, False),
        ({"born": "1950-04-02"}, {}, False),
        ({"born": "1950-01-04"}, {}, False),
    ],
)
def test_what_links_where_both_state_the_number_as_verified(a: dict[str, str], b: dict[str, str], linked: bool) -> None:
    """The rows of rules.csv: short forms, slips, marriage; not twins under one number, not another birth date."""
    one, other = (identity(**{"given": "Mary", **said}, status="01") for said in (a, b))
    assert links(one, other) == links(other, one) == linked


def test_a_number_of_which_nobody_says_that_it_was_verified_links_nobody() -> None:
    """However much agrees; the pair is for people, or for the national service."""
    sure = {"given": "Mia", "gender": "female"}
    assert not links(identity(**sure, status=""), identity(**sure))
    assert not links(identity(**sure, status=""), identity(**sure, status=""))
    assert not links(identity(**sure, status=""), f"{NUMBER}|||||v"), "nor does a number alone follow it"
    assert links(identity(**sure, status=""), national(given="Mia"))


def test_a_source_that_has_traced_its_numbers_need_not_say_so_each_time() -> None:
    told = identity_of(patient(status=""), test_numbers=True, verified=True)
    assert links(told, identity())
    assert told == identity()
    assert identity_of(patient(status="02"), test_numbers=True, verified=True) == identity(status="02"), "what is stated stands"


def test_what_an_earlier_version_kept_is_read_as_it_was() -> None:
    """It said nothing of the status: so it links nobody until its Patient is written again."""
    assert number_of(f"{NUMBER}|1950-04-01|oneill") == NUMBER
    assert not links(f"{NUMBER}|1950-04-01|oneill", identity())
    assert is_number_alone(f"{NUMBER}||")
    assert links(f"{NUMBER}||", identity())


@pytest.mark.parametrize("said", [{"born": ""}, {"born": "1950"}, {"born": "1950-04"}, {"family": ""}])
def test_what_is_told_in_part_never_links(said: dict[str, str]) -> None:
    """A number with half the demographics is less than one with none that is stated as verified."""
    assert identity(**said) == ""
    assert identity(**said, status="01") == ""


@pytest.mark.parametrize("number", [INVALID, REPEATED, "999000001", "not a number", ""])
def test_a_number_that_names_nobody_never_links(number: str) -> None:
    """It fails modulus 11, or its ten digits are equal, or it is none."""
    assert identity(number=number) == ""


def test_test_numbers_link_only_where_that_is_configured() -> None:
    assert identity_of(patient(), test_numbers=False) == ""
    assert identity_of(patient(), test_numbers=True) != ""


@pytest.mark.parametrize("status", ["02", "03", "04", "05", "06", "07", "08", "number-not-present-and-trace-not-required"])
def test_a_number_that_is_stated_as_not_verified_never_links(status: str) -> None:
    """NHS Data Dictionary, NHS NUMBER STATUS INDICATOR CODE: 01 alone is verified."""
    unverified = identity(status=status)
    assert not links(unverified, identity(status="01"))
    assert not links(unverified, identity())
    assert not links(unverified, identity(status=status)), "two who say the same"
    assert identity(status=status, born="", family="", given="") == ""
    assert not links(unverified, "9990000018|||||v"), "nor does a number alone follow it"


def national(former: tuple[str, ...] = (), **said: Any) -> str:
    """Of the national service's own Patient."""
    body = patient(status="01", **said)
    withdrawn = {"url": WITHDRAWN, "valueCode": "superseded"}
    body["identifier"] += [{"system": NHS_NUMBER, "value": each, "use": "old", "extension": [withdrawn]} for each in former]
    return identity_of(body, test_numbers=True, national=True)


def test_a_number_that_is_not_verified_links_where_the_national_service_has_the_same_person() -> None:
    for said in ({}, {"family": "ONeil"}, {"given": "A"}):
        assert links(identity(status="02", **said), national(given="Any")), said


@pytest.mark.parametrize("said", [{"born": "1950-01-04"}, {"family": "Nolan"}, {"given": "Beth"}, {"given": ""}, {"number": OTHER}])
def test_it_does_not_where_the_service_has_somebody_else(said: dict[str, str]) -> None:
    assert not links(identity(status="02", **said), national())


def test_a_namesake_born_the_same_day_who_lives_elsewhere_is_not_taken_for_the_one_whom_the_service_has() -> None:
    """A number may have been copied. Of somebody restricted the service does not tell where they live."""
    home, elsewhere = ({"address": [{"postalCode": code}]} for code in ("QX9 7ZD", "QX1 1AA"))
    for status in ("02", ""):
        assert links(identity(status=status, **home), national(**home))
        assert links(identity(status=status, address=[*home["address"], *elsewhere["address"]]), national(**home))
        assert not links(identity(status=status, **elsewhere), national(**home))
        assert not links(identity(status=status), national(**home))
        assert links(identity(status=status, **home), national())
    assert links(identity(status="01", **elsewhere), national(**home)), "what a source has verified itself may move"


def test_two_who_are_not_verified_meet_through_the_national_service_alone() -> None:
    both = {"a": identity(status="02"), "b": identity(status="01", family="Oneill")}
    assert groups(both, (), {}) == [["a"], ["b"]]
    assert groups(both | {"p": national()}, (), {}) == [["a", "b", "p"]]


def test_a_number_that_the_national_service_has_withdrawn_links_nobody() -> None:
    """Superseded: the one that took its place tells. Invalidated: the service knows nothing else of it."""
    two = {"a": identity(status="01"), "b": identity(status="01")}
    assert groups(two, (), {}) == [["a", "b"]]
    replaced = national((NUMBER,), number=OTHER)
    assert groups(two | {"p": replaced}, (), {}) == [["a"], ["b"], ["p"]]
    invalid = {
        "resourceType": "Patient",
        "identifier": [{"system": NHS_NUMBER, "value": NUMBER, "extension": [{"url": WITHDRAWN}]}],
    }
    said = identity_of(invalid, test_numbers=True, national=True)
    assert groups(two | {"p": said}, (), {}) == [["a"], ["b"], ["p"]]
    assert groups({"c": identity(number=OTHER, status="02"), "p": replaced}, (), {}) == [["c", "p"]]


def test_nobody_but_the_national_service_withdraws_a_number() -> None:
    invalid = {
        "resourceType": "Patient",
        "identifier": [{"system": NHS_NUMBER, "value": NUMBER, "extension": [{"url": WITHDRAWN}]}],
    }
    assert identity_of(invalid, test_numbers=True) == ""


def test_two_different_numbers_never_link() -> None:
    """A Patient that has two says of neither which is right."""
    both = patient()
    both["identifier"] += patient(OTHER)["identifier"]
    assert identity_of(both, test_numbers=True) == ""


def test_a_verified_number_alone_is_an_identity_of_its_own_kind() -> None:
    """Where a source knows nothing else of the person and states the number as verified; without that statement it is none."""
    alone = identity(born="", family="", status="01")
    assert is_number_alone(alone)
    assert number_of(alone) == NUMBER
    assert identity(born="", family="", status="") == ""


def test_whoever_is_parted_from_three_who_are_alike_leaves_the_three_together_whatever_their_order() -> None:
    """Of people with one identity none stands for the others."""
    for one in "abcd":
        others = [each for each in "abcd" if each != one]
        apart = {(min(one, other), max(one, other)): "apart" for other in others}
        assert sorted(groups({each: identity(status="01") for each in "abcd"}, (), apart)) == sorted([[one], others])
