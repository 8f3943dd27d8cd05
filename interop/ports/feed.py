"""Feeds: the named ways in, each with its adapter, whose they are and what their senders wait for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from interop.ports.receipt import Wait

Names = tuple[tuple[str, str], ...]
"""What messages call an organisation, and its ODS code."""
SPACES: Final = frozenset(("bars", "ers"))
"""What messages between many parties, by services of their own, say instead of an organisation: who assigns their names. It claims
nobody."""
_ODS: Final = re.compile(r"[A-Za-z0-9]{3,10}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Feed:
    """A way in. ``adapter`` '' means whichever adapter recognises a body; ``ack`` is when a positive answer goes out;
    ``test_numbers`` whether 999 NHS numbers may link records (never in production); ``snapshots`` the scopes of its family's
    snapshots.csv of which each of its messages tells all, or ``delta`` alone where none ever does. ``organisation`` is the ODS code
    of whose it is, '' where each message tells for itself; ``also`` the other names and organisations that its messages may claim;
    ``certificates`` who may send under it over mutual TLS (``sha256:HEX``, ``cn:NAME``, ``dns:NAME``, ``uri:NAME``)."""

    name: str
    adapter: str
    description: str = ""
    ack: Wait = Wait.JOURNALLED
    test_numbers: bool = False
    snapshots: tuple[str, ...] = ()
    organisation: str = ""
    also: Names = ()
    certificates: tuple[str, ...] = ()
    verified: bool | None = None
    """Whether NHS numbers of which its messages state no status were traced by its system; None = as its family's table says."""
    folder: str = ""
    """The directory whose files are its messages too; '' = none."""
    stops: bool = False
    """Whether it stands still once one of its messages is shelved, until somebody lets it go on."""

    @property
    def speaks_for(self) -> frozenset[str]:
        """The organisations for which whoever may send under it speaks."""
        return spoken_for(self.organisation, self.also)


def spoken_for(bound: str, also: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The ODS codes of a feed that is bound to ``bound``, '' = none, and of the others that its messages may claim."""
    return frozenset(code for code in (bound, *(code for _, code in also)) if code)


def organisation(said: str) -> str:
    """An organisation as a message names it, to be compared: an ODS code in capitals; of any other name the blanks are made
    single, and there is no comma in it."""
    name = " ".join(said.replace(",", " ").split())
    return name.upper() if _ODS.fullmatch(name) else name


def contributor(bound: str, also: Iterable[tuple[str, str]], claimed: str) -> str | None:
    """The organisation whose message it is, of a feed bound to ``bound`` ('' = to none), where the message claims ``claimed`` ('' =
    nothing); '' where neither says, None where the feed may not send for that one."""
    if not claimed:
        return bound
    name = organisation(claimed)
    for known, code in also:
        if known.casefold() == name.casefold():
            return code
    if bound and claimed in SPACES:
        return bound
    return name if bound in ("", name) else None
