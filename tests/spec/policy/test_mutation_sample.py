"""A sample of the mutants of what decides, for every submission; ``test_mutation`` judges all of them."""

from __future__ import annotations

import pytest

from tests.mutation.mutants import TABLES
from tests.spec.policy.test_mutation import judged

DECIDING = ("absence", "access", "agreements", "asker", "consents", "decide", "explain", "facts", "narrowing", "rules")
PLACES = (*DECIDING, *(f"{table}.csv" for table in TABLES))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_sixtieth_mutant_of_what_decides_is_noticed_or_listed() -> None:
    assert judged("7/60", tests="not redaction and not whereabouts", places=PLACES) == []
