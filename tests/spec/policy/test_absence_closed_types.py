"""Types of which who asks is given nothing, whoever it is about: so a page says that they are not for the role, not *none*."""

from __future__ import annotations

from interop.policy.absence import closed
from interop.policy.asker import TESTER, Asker
from interop.policy.decide import Question
from interop.policy.facts import Facts
from interop.policy.scopes import read_scopes
from tests.spec.policy.cells import NOW

TYPES = ("Appointment", "Coverage", "Observation", "Patient")


def of(asker: Asker) -> frozenset[str]:
    return closed(Question("read", "Patient", "", asker), TYPES, Facts(), NOW)


def test_what_the_role_does_not_see_is_closed() -> None:
    assert of(Asker("issuer|jo", "gp", "A81001", scopes=None)) == {"Coverage"}
    assert of(Asker("issuer|eve", "coordinator", "A81001", scopes=None)) == {"Coverage", "Observation"}
    assert of(Asker("issuer|kit", "operator", "A81001", scopes=None)) == {*TYPES}


def test_what_the_token_is_not_for_is_closed() -> None:
    assert of(Asker("issuer|jo", "gp", "A81001", scopes=read_scopes("user/Patient.rs"))) == {*TYPES} - {"Patient"}


def test_to_who_sees_all_nothing_is_closed() -> None:
    assert of(TESTER) == frozenset()
