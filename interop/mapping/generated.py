"""The names that generated code sees: ``from interop.mapping.generated import *``."""

from __future__ import annotations

from functools import lru_cache

from interop.formats.json import Number as Number
from interop.formats.tree import Node
from interop.mapping import times, transforms
from interop.mapping.coded import code_as_code as code_as_code
from interop.mapping.coded import code_as_CodeableConcept as code_as_CodeableConcept
from interop.mapping.coded import code_as_Coding as code_as_Coding
from interop.mapping.er7_access import stray_parts as stray_parts
from interop.mapping.kept import Kept as Kept
from interop.mapping.kept import Units as Units
from interop.mapping.numbers import decimal as decimal
from interop.mapping.runtime import NULL, read_value
from interop.mapping.transforms import text_data as text_data
from interop.mapping.tree_access import JOINS as JOINS
from interop.mapping.tree_access import all_kids as all_kids
from interop.mapping.tree_access import any_filled as any_filled
from interop.mapping.tree_access import has as has
from interop.mapping.tree_access import has_kid as has_kid
from interop.mapping.tree_access import holds as holds
from interop.mapping.tree_access import leave as leave
from interop.mapping.tree_access import mark as mark
from interop.mapping.tree_access import part_of as part_of
from interop.mapping.tree_access import path_of as path_of
from interop.mapping.tree_access import text_of as text_of
from interop.mapping.tree_access import value_of as value_of
from interop.mapping.tree_access import value_of_kid as value_of_kid
from interop.mapping.unread import RoutePlan as RoutePlan
from interop.mapping.unread import unread as unread
from interop.mapping.unread_tree import TreePlan as TreePlan

ABSENT = ("", NULL)


def pair_minutes(value: str, unit: str = "") -> int | bool | None:
    """``times.duration`` in whole minutes; nothing where it is absent, False where it is unreadable or there are none."""
    if not value:
        return None
    length = times.duration(value, unit)
    return length is not None and not length.seconds % 60 and int(length.total_seconds()) // 60


def pair_plusduration(start: str, value: str, unit: str = "") -> str | bool | None:
    """``times.plus_duration``; nothing where either is absent, False where it is unreadable."""
    if not start or not value:
        return None
    return times.plus_duration(start, value, unit) or False


@lru_cache(maxsize=4_096)
def pair_daytime(day: str, clock: str, minutes: str = "0") -> str | bool | None:
    """``times.day_time``; nothing where the day is absent or the minutes that a row asks for, False where it is unreadable."""
    if not day or not minutes:
        return None
    return times.day_time(day, clock, minutes if minutes != "0" else "") or False


@lru_cache(maxsize=4_096)
def pair_partdate(value: str, precision: str) -> str | bool | None:
    """``times.part_time``: without a precision as it is given; nothing where it is unknown, False where it is unreadable."""
    if not value or precision == "U":
        return None
    return times.part_time(precision.upper(), value) or False


def node_parttime(node: Node) -> str | None:
    """``times.part_time`` of a node's datepart and value."""
    value, precision = node.kid("@value"), node.kid("@datepart")
    return times.part_time(read_value(precision) or "YMDT", read_value(value) or read_value(node))


def node_narrative(node: Node) -> str | None:
    """The whole text of a node, which counts as read with all that lies in it."""
    return JOINS.narrative(node) or None


def node_xhtml(node: Node) -> str | None:
    """The whole text as a narrative ``div``."""
    text = node_narrative(node)
    return text and transforms.as_xhtml(text)


for (_name, _kind), _function in transforms.REGISTRY.items():
    globals()[f"x_{_name or 'text'}_{_kind}"] = _function

__all__ = [name for name in globals() if not name.startswith("__")]
