"""Who asks: what sign-on found out about the other side, and nothing that it said of itself unproved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from interop.policy.scopes import Scope


@dataclass(frozen=True)
class Asker:
    """Who asks.

    ``user`` is the subject at the issuer that vouched for it, ``issuer|subject``, '' where no person is behind it; ``role`` a row
    of ``tables/roles.csv``, '' = nobody; ``organisation`` an ODS code, '' where none; ``client`` the program. ``purpose`` is a row
    of ``tables/purposes.csv``, '' = the role's own. ``patient`` is the id of the one Patient in whose context the token was
    given (SMART launch/patient), '' for none; ``fhir_user`` the resource that stands for the user (``Practitioner/ID``,
    ``Patient/ID``, ``RelatedPerson/ID``). ``scopes`` are what the token was given for (SMART v2); None = not narrowed by scopes.
    ``feed`` is the one feed under which it may send messages, '' = none, ``*`` = any. ``session`` names the sign-on in the audit.
    """

    user: str = ""
    role: str = ""
    organisation: str = ""
    client: str = ""
    purpose: str = ""
    patient: str = ""
    fhir_user: str = ""
    scopes: tuple[Scope, ...] | None = ()
    feed: str = ""
    session: str = ""

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Found out once: what is kept for an asker is looked up with each request."""
        return hash(tuple(self.__getstate__().values()))

    def __getstate__(self) -> dict[str, Any]:
        """Without what was found out: in another process a hash is another."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @cached_property
    def criteria(self) -> bool:
        """Whether a scope narrows what it gives by criteria."""
        return any(scope.criteria for scope in self.scopes or ())

    @property
    def codes(self) -> tuple[str, ...]:
        """By what names access rows (``interop.policy.access``) speak of the asker."""
        named = (f"user:{self.user}" if self.user else "", self.fhir_user, f"ods:{self.organisation}" if self.organisation else "")
        return tuple(name for name in named if name)


NOBODY: Final = Asker()
"""Nobody has signed on: nothing is given."""
TESTER: Final = Asker(user="open|tester", role="tester", client="open", scopes=None, feed="*")
"""Whoever asks an engine that was started open, on loopback alone."""
ENGINE: Final = frozenset(("rules", "notices"))
"""What the engine calls itself where it writes of its own accord: no client has such a name."""
