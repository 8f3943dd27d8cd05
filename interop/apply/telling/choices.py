"""How a person says that they want to be told of news, as the one Flag of theirs that the engine keeps of it (R4 Flag).

It says nothing of telephones and mailboxes themselves: those are in the Patient, which its source alone changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from interop.apply.telling.addresses import FIRST, REFUSED
from interop.careplan.contact import CONTACT, FLAG, KEPT, WORDS
from interop.clock import instant
from interop.fhir.shapes import dicts, text
from interop.ids.national import ODS_ORGANISATION
from interop.notify.messages import CHANNELS, EMAIL, SMS
from interop.policy.asker import Asker
from interop.policy.declarations import concept, user
from interop.policy.said import TAKEN_BY
from interop.policy.tables import tables

PERSON, CARER, STAFF = "person", "carer", "staff"
_WRITTEN: Final = {channel: code for code, channel in REFUSED.items()}
_PREFERRED: Final = {channel: code for code, channel in FIRST.items()}


@dataclass(frozen=True)
class Choices:
    """Whether by text message, whether by e-mail; ``first`` is the channel that is tried first, '' = as the record says."""

    sms: bool = True
    email: bool = True
    first: str = ""

    @property
    def wanted(self) -> set[str]:
        """The channels."""
        return {channel for channel, said in ((SMS, self.sms), (EMAIL, self.email)) if said}

    def decide(self, said: Mapping[str, Any]) -> Choices:
        """With what was said by name; what is not wanted is not first."""
        made = replace(self, **said)
        return made if made.first in made.wanted else replace(made, first="")

    def give_way(self, new: Choices, names: Collection[str]) -> Choices:
        """What is left of what another Patient of the person says, once it was decided anew of these names."""
        gone = {name: getattr(NONE, name) for name in names if getattr(self, name) != getattr(new, name)}
        return replace(self, **gone)


NONE: Final = Choices()
"""Nothing was said."""


def merged(found: Iterable[Choices]) -> Choices:
    """What counts of what several Patients of the person say: who refuses on one is told so on none."""
    several = list(found)
    first = next((each.first for each in several if each.first), "")
    return Choices(all(each.sms for each in several), all(each.email for each in several)).decide({"first": first})


def read(flag: dict[str, Any]) -> Choices:
    """What a Flag says that ``written`` has made."""
    if text(flag, "status") != "active":
        return NONE
    codes = {text(each, "code") for each in dicts(flag.get("code"), "coding") if text(each, "system") == CONTACT}
    first = next((FIRST[code] for code in sorted(codes) if code in FIRST), "")
    return Choices(**{channel: _WRITTEN[channel] not in codes for channel in CHANNELS}, first=first)


def written(said: Choices, id: str, patient: str, asker: Asker, now: int) -> dict[str, Any]:
    """The Flag; ``asker`` has said it or writes down what the person said. Without anything said it is not in force."""
    return {
        "resourceType": FLAG,
        "id": id,
        **({"extension": [{"url": TAKEN_BY, "valueReference": user(asker)}]} if asker.user else {}),
        **_in_force(said),
        "category": [concept(CONTACT, KEPT)],
        "subject": {"reference": f"Patient/{patient}"},
        "period": {"start": instant(now)},
        **_author(asker, patient),
    }


def left(flag: dict[str, Any], said: Choices) -> dict[str, Any]:
    """A Flag of which no more is left than this: who has said that, and when, stays as it was."""
    return {name: each for name, each in flag.items() if name != "meta"} | _in_force(said)


def _in_force(said: Choices) -> dict[str, Any]:
    codes = [_WRITTEN[channel] for channel in CHANNELS if channel not in said.wanted]
    codes += [_PREFERRED[said.first]] if said.first else []
    coded = {"coding": [{"system": CONTACT, "code": code} for code in codes]} if codes else {}
    return {"status": "active" if codes else "inactive", "code": {**coded, "text": WORDS}}


def _author(asker: Asker, patient: str) -> dict[str, Any]:
    """R4 has no RelatedPerson for an author: who acts for the person stands as the user who recorded it, and nowhere else."""
    role = tables().roles.get(asker.role)
    if role is not None and role.relationship == "self":
        return {"author": {"reference": f"Patient/{patient}"}}
    if role is not None and role.relationship == "proxy":
        return {}
    if not asker.organisation:
        return {"author": user(asker)}
    return {"author": {"type": "Organization", "identifier": {"system": ODS_ORGANISATION, "value": asker.organisation}}}


def said_by(flag: dict[str, Any]) -> str:
    """Who has said it: the person, somebody who acts for them, or staff who wrote it down."""
    author = flag.get("author")
    if text(author, "reference"):
        return PERSON
    return STAFF if isinstance(author, dict) else CARER


def organisation(flag: dict[str, Any]) -> str:
    """The code of the organisation whose staff wrote it down, '' for none."""
    author = flag.get("author")
    known = author.get("identifier") if isinstance(author, dict) else None
    return text(known, "value") if text(known, "system") == ODS_ORGANISATION else ""
