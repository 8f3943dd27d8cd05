"""What the compiler refuses: one case a refusal, with the smallest change to sound tables that brings it about."""

from __future__ import annotations

from tests.spec.mapping.refusals.case import ER7, TREE, Case
from tests.spec.mapping.refusals.files import FILES
from tests.spec.mapping.refusals.labels import LABELS
from tests.spec.mapping.refusals.paths import PATHS, TARGETS
from tests.spec.mapping.refusals.rows import NAMES, RESOURCES
from tests.spec.mapping.refusals.sites import SITES
from tests.spec.mapping.refusals.snapshots import SNAPSHOTS
from tests.spec.mapping.refusals.values import VALUES

__all__ = ["CASES", "ER7", "TREE", "Case"]

CASES = [*FILES, *LABELS, *SNAPSHOTS, *SITES, *RESOURCES, *PATHS, *TARGETS, *VALUES, *NAMES]
