"""``$relink``: whose the pseudonyms of a list are, for those who care for the person alone.

The pseudonyms of all people of the practice with whom the asker has to do are made again and compared: nothing is kept that leads
back, and the work is the same whether a pseudonym is anybody's, somebody else's or nobody's.
"""

from __future__ import annotations

import re
from typing import Final

from interop.api.asgi import Response
from interop.api.auditing.scope import REASON
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput, as_parameters, parts, resource
from interop.api.operations.practice import PATIENT, measure, practice, purpose, registered, unnoted
from interop.errors import Problem
from interop.population.pseudonyms import LENGTH, periods

NAME: Final = "$relink"
MOST: Final = 500
REASONS: Final = ("integrated-review", "care-planning", "medicines-review", "safety")
"""A closed list: the audit has no words that somebody wrote."""
FORM: Final = re.compile(rf"[a-z2-7]{{{LENGTH}}}")


async def relink(asked: Asked) -> Response:
    """Parameters with a ``relinked`` for each person: their ``pseudonym`` and ``patient``, a Reference.

    Raises Problem ``forbidden`` for a role, a purpose or a token that is not for it and for who is no person; ``not-found`` where
    none of them is of somebody with whom the asker has to do, whether there is one or not; ``bad-parameter``, ``too-costly``."""
    services, request = asked.services, asked.request
    decision = services.decide(request, NAME, PATIENT)
    reason, pseudonyms = asked.inputs.text("reason"), set(asked.inputs.every("pseudonym"))
    if reason not in REASONS:
        raise BadInput("reason", "", f"it is one of {', '.join(REASONS)}")
    if not 0 < len(pseudonyms) <= MOST or not all(FORM.fullmatch(each) for each in pseudonyms):
        raise BadInput("pseudonym", "", f"from 1 to {MOST} pseudonyms of a list are wanted")
    code, by = practice(asked, request.asker.organisation), purpose(measure(asked))
    request.scope[REASON] = reason
    found: dict[str, str] = {}
    current = periods(services.clock.now())
    async for stored in registered(asked, unnoted(decision), code):
        for period in current:
            made = services.pseudonyms.of(stored.id, code, by, period)
            if made in pseudonyms:
                found[made] = stored.id
    if not found:
        raise Problem("not-found")
    request.account.patients.update(dict.fromkeys(found.values()))
    request.account.resources += len(found)
    said = [
        parts(("pseudonym", "valueString", pseudonym), ("patient", "valueReference", {"reference": f"{PATIENT}/{id_}"}))
        for pseudonym, id_ in sorted(found.items())
    ]
    return resource(as_parameters(*(("relinked", "part", each) for each in said)))
