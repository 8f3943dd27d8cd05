"""What the API says of whoever asks, said to them. Pure."""

from __future__ import annotations

from typing import Final

YOURS: Final = {
    ("relationship", "holds"): "You are known to be involved in the care of this person.",
    ("none", "holds"): "Your role needs neither a relationship with the person nor their consent.",
    ("break-glass", "holds"): "You have opened this record in an emergency.",
    ("role", "fails"): "This is not for your role.",
    ("scope", "fails"): "You have not signed in for this.",
    ("involvement", "fails"): "The person is not known here, or you are not known to be involved in their care, "
    "or they have not consented.",
    ("relationship-claimed", "change"): "You say, with a reason, that you are involved in the care of this person.",
    ("relationship-made", "change"): "You come to be involved in their care: registration, referral or care team.",
    ("break-glass-declared", "change"): "You open the record in an emergency, with a reason. It is reported.",
    ("organisation-named", "change"): "You sign in for an organisation that takes part.",
    ("other-launch", "change"): "You sign in for this person.",
    ("other-role", "change"): "Somebody in another role looks.",
    ("other-purpose", "change"): "You look for another purpose.",
    ("other-scope", "change"): "You sign in for more.",
}
"""By code and kind of a clause of ``$why`` (``interop/policy/tables/words.csv``)."""


def yours(code: str, holds: bool | None, words: str) -> str:
    """The words of a clause, those of the API where they are not of whoever asks; ``holds`` None for what would change it."""
    kind = "change" if holds is None else "holds" if holds else "fails"
    return YOURS.get((code, kind), words)
