"""The pages of the console, in the order in which they are offered."""

from __future__ import annotations

from typing import Any, Final

AREA: Final = "console"
PRIVACY: Final = "privacy"
SECTIONS: Final = (
    ("/console", "Overview"),
    ("/console/messages", "Messages"),
    ("/console/shelf", "Shelf"),
    ("/console/replay", "Replay"),
    ("/console/tables", "Tables"),
    ("/console/audit", "Audit"),
    ("/console/conformance", "Conformance"),
)
OFFICER: Final = (("/console/privacy", "Queue"), ("/console/audit", "Audit"))
"""Those of the privacy officer, who runs nothing."""


def sections(path: str, role: str = "operator") -> list[dict[str, Any]]:
    """Where each leads; ``current`` is ``page``, ``true`` (within) or ''."""
    shown = OFFICER if role == "privacy-officer" else (*SECTIONS, OFFICER[0]) if role == "tester" else SECTIONS
    return [{"href": href, "text": text, "current": _current(path, href)} for href, text in shown]


def _current(path: str, href: str) -> str:
    within = href != "/console" and f"{path}/".startswith(f"{href}/")
    return "page" if path == href else "true" if within else ""
