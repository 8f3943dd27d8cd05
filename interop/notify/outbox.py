"""What somebody outside is to be told: values, without a word of whom it is about.

An alert is due from the audit's row that it follows from until a row of the audit says that it was delivered: nothing is told
twice for want of a mark, nothing is lost with a process.
"""

from __future__ import annotations

from typing import NamedTuple


class Alert(NamedTuple):
    """``item`` names it in the privacy officer's queue; ``rule`` is a row of the privacy table; ``time`` in microseconds;
    ``organisation`` the ODS code of whoever did it. Neither person stands here."""

    item: str
    rule: str
    time: int
    organisation: str
