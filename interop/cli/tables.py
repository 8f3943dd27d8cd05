"""``interop tables``: do the mapping tables hold, and what do they say."""

from __future__ import annotations

import json
import sys
from typing import Any

from interop.mapping.library import Family
from interop.mapping.refusal import Refusals, TablesRefused
from interop.mapping.sites import Deviation, deviations
from interop.mapping.tables import families, read_tables


def tables(family: str | None, *, site: str, source: bool, as_json: bool) -> int:
    """Load the tables of families and of their sites; 1 where any are refused, each reason on standard error."""
    known = families()
    if family not in (None, *known):
        print(f"There is no family {family}; there are {', '.join(known)}.", file=sys.stderr)
        return 1
    if site and not family:
        print("Name the family that the site belongs to.", file=sys.stderr)
        return 2
    failed = 0
    for name in [family] if family else known:
        sites = read_tables(name, Refusals()).sites
        if site and site not in sites:
            print(f"{name} has no site {site}; it has {', '.join(sorted(sites)) or 'none'}.", file=sys.stderr)
            return 1
        for each in [site] if site else ["", *sorted(sites)]:
            try:
                loaded = Family.load(name, site=each)
            except TablesRefused as refused:
                failed = 1
                _refuse(name, each, refused, as_json)
                continue
            if source:
                if each == site:
                    print(loaded.source)
            else:
                _show(loaded, as_json, each_row=bool(site))
    return failed if family else max(failed, _besides(as_json))


def _besides(as_json: bool) -> int:
    """Read the tables that belong to no family; 1 where any is refused."""
    from interop.api.operations.planning import plan_tables
    from interop.api.operations.worklists import worklists
    from interop.careplan.tables import PlanRefused
    from interop.worklists.tables import WorklistsRefused

    failed = 0
    for name, read in (("careplan", plan_tables), ("worklists", worklists)):
        try:
            read()
        except (PlanRefused, WorklistsRefused) as refused:
            failed = 1
            for reason in str(refused).splitlines():
                print(json.dumps({"family": name, "reason": reason}) if as_json else reason, file=sys.stderr)
    return failed


def _refuse(name: str, site: str, refused: TablesRefused, as_json: bool) -> None:
    for refusal in refused.refusals:
        said = {"family": name, **({"site": site} if site else {}), **refusal._asdict()}
        print(json.dumps(said) if as_json else f"{name}/{refusal}", file=sys.stderr)


def _show(loaded: Family, as_json: bool, *, each_row: bool) -> None:
    tables = loaded.model.tables
    messages = [route.message for route in tables.routes]
    counts: dict[str, Any] = {
        "family": loaded.name,
        "messages": messages,
        "resources": len(loaded.model.resources),
        "rows": len(tables.elements),
        "digest": loaded.digest,
    }
    said: list[Deviation] = []
    if loaded.site:
        said = deviations(read_tables(loaded.name, Refusals()), tables.deviations)
        counts |= {"site": loaded.site, "deviations": [one._asdict() for one in said]}
    if as_json:
        print(json.dumps(counts))
    elif not loaded.site:
        print(f"{loaded.name}: {', '.join(messages)}")
        print(f"  {counts['resources']} resources, {counts['rows']} rows, digest {loaded.digest}")
    else:
        does = ", ".join(f"{sum(one.does == kind for one in said)} {kind}" for kind in ("instead", "more", "away"))
        print(f"{loaded.name} of {loaded.site}: {does}, digest {loaded.digest}")
        for one in said if each_row else ():
            print(f"  {one.file}, row {one.row}: {one.does}")
