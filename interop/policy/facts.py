"""What a decision knows beside the question: agreements and models in force, as one value that never changes."""

from __future__ import annotations

from dataclasses import dataclass


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
        """Whether it is in force."""
        return self.status == "active" and self.start <= now < self.end


@dataclass(frozen=True, slots=True)
class Facts:
    """``consent`` is the model, a row of ``tables/consent.csv`` (``explicit`` or ``implied``); ``sources`` are all organisations
    that contribute, as far as the engine has heard of them; ``revision`` changes whenever anything here does."""

    agreements: tuple[Agreement, ...] = ()
    consent: str = "explicit"
    sources: tuple[str, ...] = ()
    revision: int = 0
