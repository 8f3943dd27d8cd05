"""Tokens by which a socket is bound whose client has not signed on with it (R5 Backport 1.1, $get-ws-binding-token): sealed, so
that every process knows them, for a few minutes and for who was given them."""

from __future__ import annotations

from typing import Final, NamedTuple

from interop.api.seal import Seal
from interop.clock import MICROSECONDS
from interop.errors import Problem
from interop.policy.asker import Asker

LASTS: Final = 300
"""Seconds for which a token is good: for a reconnection too."""
_ADDRESS: Final = "websocket binding"


class Granted(NamedTuple):
    """What a token says: the Subscriptions, of which client and organisation."""

    ids: tuple[str, ...]
    client: str
    organisation: str


def granted(seal: Seal, ids: list[str], asker: Asker, now: int) -> tuple[str, int]:
    """A token for whom asks, and when it ends (microseconds)."""
    until = now + LASTS * MICROSECONDS
    return seal.seal(_ADDRESS, [ids, asker.client, asker.organisation, until]), until


def opened(seal: Seal, token: str, now: int) -> Granted:
    """What a token says. Raises Problem ``unauthenticated`` for one that is none of ours, or no longer good."""
    try:
        ids, client, organisation, until = seal.open(_ADDRESS, token)
    except (Problem, ValueError, TypeError):
        raise Problem("unauthenticated") from None
    if now >= until:
        raise Problem("unauthenticated")
    return Granted(tuple(ids), client, organisation)
