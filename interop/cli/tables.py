"""``interop tables``: do the mapping tables hold, and what do they say."""

from __future__ import annotations

import json
from typing import Any

from interop.cli.progress import progress
from interop.cli.shown import json_line, say, table, wrong
from interop.mapping.library import Family
from interop.mapping.reading import families, read_tables
from interop.mapping.refusal import Refusals, TablesRefused
from interop.mapping.sites import deviations


def tables(family: str | None, *, site: str, source: bool, as_json: bool) -> int:
    """Load the tables of families and of their sites; 1 where any are refused, each reason on standard error."""
    known = families()
    if family not in (None, *known):
        return wrong(f"There is no family {family}; there are {', '.join(known)}.", 1)
    if site and not family:
        return wrong("Name the family that the site belongs to.")
    if site and site not in (sites := read_tables(str(family), Refusals()).sites):
        return wrong(f"{family} has no site {site}; it has {', '.join(sorted(sites)) or 'none'}.", 1)
    loaded: list[Family] = []
    failed = 0
    wanted = [family] if family else list(known)
    with progress("checking", len(wanted)) as working:
        for name in wanted:
            working.says(f"checking {name}")
            for each in [site] if site else ["", *sorted(read_tables(name, Refusals()).sites)]:
                try:
                    loaded.append(Family.load(name, site=each))
                except TablesRefused as refused:
                    failed = 1
                    _refuse(name, each, refused, as_json)
            working.more()
    if source:
        for one in loaded:
            if one.site == site:
                _source(one, as_json)
    else:
        _show(loaded, as_json=as_json, whole=family is not None)
    return failed if family else max(failed, _besides(as_json))


def _source(one: Family, as_json: bool) -> None:
    if as_json:
        json_line({"family": one.name, "site": one.site, "digest": one.digest, "source": one.source})
    else:
        print(one.source)


def _besides(as_json: bool) -> int:
    """Read the tables that belong to no family; 1 where any is refused."""
    from interop.api.operations.planning import plan_tables
    from interop.api.operations.worklists import worklists
    from interop.careplan.reading import PlanRefused
    from interop.worklists.tables import WorklistsRefused

    failed = 0
    for name, read in (("careplan", plan_tables), ("worklists", worklists)):
        try:
            read()
        except (PlanRefused, WorklistsRefused) as refused:
            failed = 1
            for reason in str(refused).splitlines():
                wrong(json.dumps({"family": name, "reason": reason}) if as_json else reason)
    return failed


def _refuse(name: str, site: str, refused: TablesRefused, as_json: bool) -> None:
    for refusal in refused.refusals:
        said = {"family": name, **({"site": site} if site else {}), **refusal._asdict()}
        wrong(json.dumps(said) if as_json else f"{name}/{refusal}")


def _show(loaded: list[Family], *, as_json: bool, whole: bool) -> None:
    """A line for each; of one family, ``whole``, also its message types, and of a site what it says otherwise."""
    lines = [_line(each) for each in loaded]
    if as_json:
        for line in lines:
            json_line(line)
        return
    rows = [
        (line["family"], line.get("site", ""), len(line["messages"]), line["resources"], line["rows"], line["digest"])
        for line in lines
    ]
    table(("family", "site", "messages", "resources", "rows", "digest"), rows)
    for line in lines if whole else ():
        if "site" not in line:
            say(f"{line['family']}: {', '.join(line['messages'])}")
            continue
        said = line["deviations"]
        does = ", ".join(f"{sum(one['does'] == kind for one in said)} {kind}" for kind in ("instead", "more", "away"))
        say(f"{line['family']} of {line['site']}: {does}")
        if len(lines) == 1:
            table(("file", "row", "does"), [(one["file"], one["row"], one["does"]) for one in said])


def _line(each: Family) -> dict[str, Any]:
    tables = each.model.tables
    counts: dict[str, Any] = {
        "family": each.name,
        "messages": [route.message for route in tables.routes],
        "resources": len(each.model.resources),
        "rows": len(tables.elements),
        "digest": each.digest,
    }
    if each.site:
        said = deviations(read_tables(each.name, Refusals()), tables.deviations)
        counts |= {"site": each.site, "deviations": [one._asdict() for one in said]}
    return counts
