"""The one place where a Decision is made: every read and write passes through here."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from interop.policy.asker import NOBODY, TESTER, Asker
from interop.policy.facts import Facts
from interop.store.decision import PERMIT_ALL, Decision


class Question(NamedTuple):
    """Who wants to do what with what: ``interaction`` is a code of FHIR's restful-interaction value sets (``read``,
    ``search-type``), the name of an operation (``$everything``) or of a query of another protocol (``QBP^Q22``); type and id are ''
    where none is named."""

    interaction: str
    type: str = ""
    id: str = ""
    asker: Asker = NOBODY


Policy = Callable[[Question, Facts, int], Decision]
"""What decides: the question, what is known, the time in microseconds."""


def decide(question: Question, facts: Facts, now: int) -> Decision:
    """What the asker may see. Pure. ``now`` in microseconds."""
    if question.asker.role == TESTER.role:
        return PERMIT_ALL
    return Decision("nobody", refusal="forbidden")
