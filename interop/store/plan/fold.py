"""What feeds have said: what a resource is folded from, their snapshots, the organisations that they name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heads:
    """For ``(type, id)`` pairs: present version and contributions -> [Head], in no order; missing ones are left out.

    For the engine's own fold; returns no resource to anyone.
    """

    resources: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Snapshots:
    """For (feed, scope) pairs: the latest complete snapshot -> [Snapshot]; pairs without one are left out."""

    scopes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """For (feed, scope) pairs: the resources of which the feed has spoken within the scope -> [(feed, scope, type, id)]."""

    scopes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Contributors:
    """Every list of organisations that resources have come from (``Stored.source``) -> [str]."""


FoldPlan = Heads | Snapshots | Said | Contributors
