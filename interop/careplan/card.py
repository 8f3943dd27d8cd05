"""The crew card: what an ambulance crew reads of a person at three in the morning, as one small JSON.

It is made of what the asker may see and of nothing else. Its schema is ``crew-card.schema.json`` beside this module: members are
added to it and never taken away or given another meaning. What is not there is told by a code and in words (``state``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from interop.careplan.crew.bounds import WORDS, bounded
from interop.careplan.crew.filling import filled
from interop.careplan.crew.fitting import fit, short
from interop.careplan.crew.glance import glance
from interop.careplan.crew.known import Known
from interop.careplan.crew.missing import absence, nearest_first, shown, sources
from interop.careplan.crew.sections import PATIENT
from interop.careplan.crew.who import LONDON, who
from interop.careplan.plan import Json
from interop.clock import MICROSECONDS
from interop.fhir.shapes import text

VERSION: Final = "1.1"
"""Of the schema; the number after the point grows with each member that is added."""


def card(known: Known) -> bytes:
    """The card as JSON, at most ``fitting.LIMIT`` bytes; never raises, whatever the resources hold. Who gives it adds when."""
    made = filled(known)
    patients = [each for each in known.given if text(each.resource, "resourceType") == PATIENT]
    stated = [known.stated.get(text(each.resource, "id"), ()) for each in patients]
    person = bounded(who(patients, stated, datetime.fromtimestamp(known.now // MICROSECONDS, LONDON).date()))
    whole: Json = {"version": VERSION, "patient": known.patient}
    whole["glance"] = {}
    whole["who"] = person
    whole |= made
    named = [] if "redacted" in person else shown(known, made)
    whole["sources"] = {"lines": sources(known, named)}
    whole["absent"] = {"lines": [absence(each) for each in nearest_first(known, made, named)]}
    whole["glance"] = {name: short(words, WORDS) for name, words in glance(whole).items()}
    return fit(whole)
