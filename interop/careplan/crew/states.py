"""How a section of the card stands, by code, and the words of it on a screen."""

from __future__ import annotations

from typing import Final

from interop.careplan.plan import UNPLACED

RECORDED, NONE_RECORDED, NONE_KNOWN = "recorded", "none-recorded", "none-known"
WITHHELD, NOT_FOR_ROLE, NOT_GIVEN = "withheld", "not-for-role", "not-given"
SEE_PLANS: Final = "see-plans"
STATES: Final = {
    RECORDED: "",
    NONE_RECORDED: "None recorded.",
    NONE_KNOWN: "{said}: somebody has said so.",
    WITHHELD: "Withheld (no consent).",
    NOT_FOR_ROLE: "Not shown to this role.",
    NOT_GIVEN: "Not given for this person.",
    SEE_PLANS: f"{UNPLACED}.",
}
"""How a section stands, and the words of it on a screen."""
