"""Garbage collection in processes that make many objects, batch after batch, of which hardly any is in a cycle."""

from __future__ import annotations

import gc

THRESHOLDS = (200_000, 20, 100)
"""The first is more than a batch is made of: else each is gone through several times while it is worked on."""


def settle() -> None:
    """Leave what there is now (tables, code) out of every later collection, and collect rarely: by Python's own thresholds half
    of the time of reading a state goes into looking for cycles that are not there."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
