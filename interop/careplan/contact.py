"""The Flag that says how somebody wants to be told of news (``interop.apply.telling.choices``): it warns of nothing, so it is no
alert and none of the plan."""

from __future__ import annotations

from typing import Any, Final

from interop.fhir.shapes import dicts, text

FLAG: Final = "Flag"
CONTACT: Final = "urn:interop:codes:contact"
"""The system of what a Flag says of telling a person."""
KEPT: Final = "told"
"""The category of the one that the engine keeps."""
WORDS: Final = "How to tell them of news"


def how_told(flag: dict[str, Any]) -> bool:
    """Whether a Flag says that and nothing else: one with other words or codes is told as any."""
    category = [coding for each in dicts(flag, "category") for coding in dicts(each, "coding")]
    code = flag.get("code")
    return (
        any((text(each, "system"), text(each, "code")) == (CONTACT, KEPT) for each in category)
        and text(code, "text") == WORDS
        and all(text(each, "system") == CONTACT for each in dicts(code, "coding"))
    )
