"""A sample of the mutants of policy, for every submission: each hundredth; ``test_mutation`` judges them all."""

from __future__ import annotations

import pytest

from tests.spec.policy.test_mutation import judged


@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_hundredth_mutant_is_noticed_or_listed() -> None:
    assert judged("7/100") == []
