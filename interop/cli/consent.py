"""``interop consent``: what a person has said of sharing, taken down in a running engine."""

from __future__ import annotations

from interop.cli.governed import call
from interop.cli.options import Engine
from interop.cli.shown import one


def consent(
    engine: Engine, patient: str, decision: str, *, labels: list[str], proxies: list[str], until: str, taken_by: str, as_json: bool
) -> int:
    """Record a decision; 1 where it could not be."""
    said = call(
        engine,
        f"Patient/{patient}/$record-consent",
        ("decision", "valueCode", decision),
        *(("label", "valueCode", label) for label in labels),
        *(("proxy", "valueReference", {"reference": proxy}) for proxy in proxies),
        ("until", "valueDateTime", until),
        ("taken-by", "valueString", taken_by),
    )
    if said is None:
        return 1
    _, made = said
    about = f" for {', '.join(labels)}" if labels else f" for {', '.join(proxies)} to act" if proxies else ""
    when = f" until {until}" if until else ""
    one(made, f"Consent{about} {decision}{when}: version {made['meta']['versionId']} of Consent/{made['id']}", as_json=as_json)
    return 0
