"""How the range of an index row, or the instant of a change, compares with the range asked for.

``{low}`` and ``{high}`` are the row's columns, ``{at}`` that of the instant, ``:{a}`` and ``:{b}`` the sides asked for. Each
condition also says what follows from it for one side alone, so that an index on that side is sought and not gone through.
"""

from __future__ import annotations

DATES = {
    "eq": "{low} >= :{a} AND {low} < :{b} AND {high} <= :{b}",
    "ne": "({low} < :{a} OR {high} > :{b})",
    "gt": "{high} > :{b}",
    "lt": "{low} < :{a}",
    "ge": "{high} > :{a} AND ({high} > :{b} OR {low} >= :{a})",
    "le": "{low} < :{b} AND ({low} < :{a} OR {high} <= :{b})",
    "sa": "{low} >= :{b}",
    "eb": "{high} <= :{a}",
    "ap": "{low} < :{b} AND {high} > :{a}",
}
"""FHIR R4 search, 3.1.1.4.7: both ranges end before ``high``."""

NUMBERS = {
    "eq": "{low} >= :{a} AND {low} < :{b} AND {high} < :{b}",
    "ne": "({low} < :{a} OR {high} >= :{b})",
    "gt": "{high} > :{b}",
    "lt": "{low} < :{a}",
    "ge": "{high} >= :{b}",
    "le": "{low} <= :{a}",
    "sa": "{low} > :{b}",
    "eb": "{high} < :{a}",
    "ap": "{low} < :{b} AND {high} >= :{a}",
}
"""FHIR R4 search, 3.1.1.4.6: a row includes both its sides, what is asked for ends before ``high``."""

POINT = {
    **NUMBERS,
    "eq": "{low} = :{a} AND {high} = :{b}",
    "ne": "({low} <> :{a} OR {high} <> :{b})",
    "ap": "{low} <= :{b} AND {high} >= :{a}",
}
"""As ``NUMBERS``, where one value is asked for and no range."""

UPDATED = {
    "eq": "{at} >= :{a} AND {at} < :{b}",
    "ne": "({at} < :{a} OR {at} >= :{b})",
    "gt": "{at} >= :{b}",
    "lt": "{at} < :{a}",
    "ge": "{at} >= :{a}",
    "le": "{at} < :{b}",
    "sa": "{at} >= :{b}",
    "eb": "{at} < :{a}",
    "ap": "{at} >= :{a} AND {at} < :{b}",
}
"""FHIR R4 search, 3.1.1.4.7, of an instant."""
