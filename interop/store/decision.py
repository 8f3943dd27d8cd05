"""Every read takes a Decision: what the reader may see, as a predicate that the one query carries.

Policy makes it (``interop.policy``); the store applies it. Until the rules come, ``PERMIT_ALL`` is the only one.
"""

from __future__ import annotations

from dataclasses import dataclass

from interop.store.where import Where


@dataclass(frozen=True, slots=True)
class Decision:
    """``rule`` names the row that decided, ``predicate`` narrows what is returned (None: nothing is held back)."""

    rule: str
    predicate: Where | None = None


PERMIT_ALL = Decision("permit-all")
