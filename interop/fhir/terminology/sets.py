"""What can be asked of a compiled value set, and what it asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from interop.fhir.terminology.results import Concept, Contained
from interop.fhir.terminology.system import System


class Ruling(NamedTuple):
    """``result`` None: cannot be told, for ``reason``. ``concept`` as the value set shows it, where the code is in it."""

    result: bool | None
    reason: str = ""
    system: str = ""
    concept: Concept | None = None


NO = Ruling(False)


class Set(Protocol):
    """A compiled value set."""

    url: str
    version: str

    def judge(self, system: str | None, code: str, version: str = "") -> Ruling:
        """Whether the code is in the set. ``system`` None: in whichever system; ``version`` is that of the code, '' for any."""

    def members(self) -> Iterator[Contained]:
        """Every code, in order, some perhaps twice. Raises Uncomputable."""

    def uses(self) -> set[str]:
        """The code systems that its members come from, as ``url|version``."""


class Source(Protocol):
    """Where an include finds code systems and other value sets."""

    def system(self, url: str, version: str = "", supplements: Sequence[str] = ()) -> System | None:
        """A loaded code system, of that version where one is given."""

    def supplements(self, url: str) -> bool:
        """Whether a code system supplement is loaded."""

    def value_set(self, url: str) -> Set | str:
        """A compiled value set, or the reason why there is none."""

    def absent(self, url: str, version: str = "") -> str:
        """The sentence that a code system, or a version that a value set names, is not loaded."""

    def absent_of_code(self, url: str) -> str:
        """The same for the system and version of a code."""
