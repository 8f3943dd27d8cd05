"""Where whoever tries the engine begins: a link for each role, with its demonstration user filled in."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

ROLES = (
    ("Ambulance crew", "ambulance-clinician", "/crew/{laura}", "Laura has fallen: who she is, what matters, what to do"),
    ("GP", "gp", "/record/{laura}", "Her record from everywhere, her plan, her results"),
    (
        "Hospital doctor",
        "hospital-clinician",
        "/record/{susan}",
        "Susan has gone home: why her record is not open, and what opens it",
    ),
    ("Co-ordinator", "coordinator", "/desk", "Who waits for what and until when"),
    ("Patient", "patient", "/my", "Susan's own record, and who looked at it"),
    ("Operator", "operator", "/console", "Feeds, messages, what has to be done"),
    ("Privacy officer", "privacy-officer", "/console/privacy", "Who looked under what reason"),
)
"""What a person is, the role, where they begin, and what there is to see."""


def addresses(web: str, patients: Sequence[str]) -> list[tuple[str, str, str]]:
    """For each: who, what there is to see, the link. ``patients`` are the ids of Laura, Susan and Bill."""
    named = dict(zip(("laura", "susan", "bill"), patients, strict=False))
    found = []
    for who, role, path, what in ROLES if len(named) == 3 else ():
        query = {"login_hint": f"demo-{role}", "to": path.format_map(named)}
        if role == "patient":
            query["record"] = named["susan"]
        found.append((who, what, f"{web}/auth/login?{urlencode(query, safe='/')}"))
    return found


def links(web: str, patients: Sequence[str]) -> list[str]:
    """They, as lines of a terminal: none is cut, so that it can be opened from there."""
    return [line for who, what, address in addresses(web, patients) for line in (f"  {who}: {what}", f"    {address}")]
