"""What is judged by: packages and terminology releases on disk."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from interop.fhir.definitions import Definitions
from interop.fhir.definitions import Unusable as Undefined

if TYPE_CHECKING:
    from interop.fhir.terminology.releases import Release

PACKAGE = "a folder, a .tgz, a .zip or a conformance resource on this machine"


class Unusable(Exception):
    """An option that cannot be followed; its text is a sentence and the next step."""


def definitions_of(packages: Sequence[Path]) -> Definitions:
    """Base R4 and these packages; raises Unusable for one that is not there or holds nothing."""
    if not packages:
        return Definitions.base()
    for path in packages:
        if not path.exists():
            raise Unusable(f"There is no package {path}; give --package {PACKAGE}.")
    try:
        return Definitions.base().with_packages(packages)
    except Undefined as problem:
        raise Unusable(f"A package cannot be used: {problem.reason}; give --package {PACKAGE}.") from problem


def releases_of(paths: Sequence[Path]) -> list[Release]:
    """Compiled terminology releases; raises Unusable for a file that is none."""
    if not paths:
        return []
    from interop.fhir.terminology.releases import BadRelease, Release

    releases: list[Release] = []
    for path in paths:
        try:
            releases.append(Release.open(path))
        except (BadRelease, OSError) as problem:
            made = "write it with `conformance terminology load`"
            raise Unusable(f"The terminology release {path} cannot be used: {problem}; {made}.") from problem
    return releases


def unknown_profile(profile: str, definitions: Definitions) -> str:
    """That nothing defines a profile, and what is nearest to it."""
    known = sorted(definitions.every("StructureDefinition"))
    last = profile.partition("|")[0].rpartition("/")[2].lower()
    near = [url for url in known if url.rpartition("/")[2].lower() == last]
    near += [url for url in difflib.get_close_matches(profile, known, 3, 0.6) if url not in near]
    if near:
        return f"No package defines the profile {profile}; did you mean {' or '.join(near[:3])}?"
    return f"No package defines the profile {profile}; give the package that does with --package."
