"""``interop tables``: do the mapping tables hold, and what do they say."""

from __future__ import annotations

import json
import sys

from interop.mapping.library import Family
from interop.mapping.refusal import TablesRefused
from interop.mapping.tables import families


def tables(family: str | None, *, source: bool, as_json: bool) -> int:
    """Load the tables; 1 where any are refused, each reason on standard error."""
    failed = 0
    for name in [family] if family else families():
        try:
            loaded = Family.load(name)
        except TablesRefused as refused:
            failed = 1
            for refusal in refused.refusals:
                said = {"family": name, **refusal._asdict()}
                print(json.dumps(said) if as_json else f"{name}/{refusal}", file=sys.stderr)
            continue
        except KeyError:
            print(f"There is no family {name}; there are {', '.join(families())}.", file=sys.stderr)
            return 1
        model = loaded.model
        routes = [route.message for route in model.tables.routes]
        counts = {
            "family": name,
            "messages": routes,
            "resources": len(model.resources),
            "rows": len(model.tables.elements),
            "digest": loaded.digest,
        }
        if source:
            print(loaded.source)
        elif as_json:
            print(json.dumps(counts))
        else:
            print(f"{name}: {', '.join(routes)}")
            print(f"  {counts['resources']} resources, {counts['rows']} rows, digest {loaded.digest}")
    return failed
