"""The one place where a Decision is made: every read passes through here."""

from __future__ import annotations

from typing import NamedTuple

from interop.store.decision import PERMIT_ALL, Decision


class Question(NamedTuple):
    """Who wants to do what with what: ``interaction`` is a code of FHIR's restful-interaction value sets (``read``,
    ``search-type``), the name of an operation (``$everything``) or of a query of another protocol (``QBP^Q22``); type and id are ''
    where none is named. ``who`` is the asker as the protocol names it, '' where it does not."""

    interaction: str
    type: str = ""
    id: str = ""
    who: str = ""


def decide(question: Question) -> Decision:
    """What the asker may see. Pure. Until the rules come: everything (rule ``permit-all``)."""
    return PERMIT_ALL
