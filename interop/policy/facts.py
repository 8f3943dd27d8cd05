"""What a decision knows beside the question: agreements and models in force, as one value that never changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from interop.clock import MICROSECONDS
from interop.policy.asker import Asker

Names = Callable[[str], tuple[str, ...]]
"""By what references (``Organization/ID``) the record means the organisation of an ODS code."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """A data sharing agreement: what the organisation ``source`` contributes may be used by ``partner`` ('' = all who take part)
    for ``purposes`` (rows of ``tables/purposes.csv``; () = direct care) from ``start`` until before ``end`` (microseconds).

    ``status`` is ``pending``, ``active`` or ``withdrawn``; ``id`` that of its Contract resource."""

    id: str
    source: str
    partner: str
    purposes: tuple[str, ...]
    start: int
    end: int
    status: str

    def holds(self, now: int) -> bool:
        """Whether it is in force in the second of ``now``: decisions count in whole seconds."""
        second = now // MICROSECONDS
        return self.status == "active" and self.start // MICROSECONDS <= second < self.end // MICROSECONDS


def _nameless(code: str) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Facts:
    """``consent`` is the model, a row of ``tables/consent.csv`` (``explicit`` or ``implied``); ``sources`` are all organisations
    that contribute, as far as the engine has heard of them; ``revision`` changes whenever anything here does. ``names`` tells how
    the record names an organisation."""

    agreements: tuple[Agreement, ...] = ()
    consent: str = "explicit"
    sources: tuple[str, ...] = ()
    revision: int = 0
    names: Names = field(default=_nameless, compare=False, repr=False)

    def codes(self, asker: Asker) -> tuple[str, ...]:
        """By what names access rows speak of an asker and of the asker's organisation."""
        return asker.codes + self.names(asker.organisation) if asker.organisation else asker.codes
