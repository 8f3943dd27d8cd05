"""Who asks, as what is kept for them is looked up."""

from __future__ import annotations

import pickle
from dataclasses import replace

from interop.policy.asker import Asker
from interop.policy.scopes import read_scopes

GP = Asker("a|gp", "gp", "G99901", "app", scopes=read_scopes("user/*.rs"))


def test_whoever_is_equal_is_found_whatever_was_found_out_of_them() -> None:
    kept = {GP: 1}
    other = replace(GP)
    assert not other.criteria
    assert kept[other] == 1
    assert all(kept.get(replace(GP, **{name: "x"})) is None for name in ("user", "role", "organisation", "purpose", "session"))


def test_a_scope_narrows_by_criteria_or_none_does() -> None:
    narrow = read_scopes("user/Patient.rs user/Observation.rs?category=vital-signs")
    assert [replace(GP, scopes=scopes).criteria for scopes in (None, (), GP.scopes, narrow)] == [False, False, False, True]


def test_what_was_found_out_does_not_go_to_another_process() -> None:
    assert hash(GP) == hash(replace(GP))
    assert "_hash" not in GP.__getstate__()
    assert pickle.loads(pickle.dumps(GP)) == GP
