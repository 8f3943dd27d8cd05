"""Every read takes a Decision: what the reader may see, as a predicate that the one query carries.

Policy makes it (``interop.policy``); the store applies it. ``PERMIT_ALL`` is for the engine's own reads and for one that was
started open.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from interop.store.where import Where


class Account:
    """What was given under the Decisions of one request, for its audit: the Patients whom it was about, how many resources, by
    which rules; of a Bundle, how many entries were ``refused``."""

    __slots__ = ("patients", "refused", "resources", "rules")

    def __init__(self) -> None:
        self.patients: dict[str, None] = {}
        self.resources = 0
        self.refused = 0
        self.rules: dict[str, None] = {}


@dataclass(frozen=True, slots=True)
class Decision:
    """``rule`` names the row that decided, ``predicate`` narrows what is returned (None: nothing is held back). ``refusal`` is the
    reason of the error table where the request as such is refused, whatever is in the record; ``account`` where it is noted what
    was read under it. ``whole``: also the whereabouts of people who hide them are given (``interop.policy.whereabouts``)."""

    rule: str
    predicate: Where | None = None
    refusal: str = ""
    whole: bool = False
    account: Account | None = field(default=None, compare=False)


PERMIT_ALL = Decision("permit-all", whole=True)
