"""``Patient/[id]/$why``: why the asker may see what is of a type of this person, or what would change that.

For whoever may not, the answer is the same whether the person is known or not.
"""

from __future__ import annotations

from typing import Final

from interop.api.asgi import Response
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput, Said, as_parameters, parts, resource
from interop.policy.decide import Question
from interop.policy.explain import Clause, explain
from interop.policy.explain import Said as Access
from interop.policy.tables import tables
from interop.store import plan as plans
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Group, Read

USUAL: Final = "Observation"
"""The type that is asked about where none is named: of the class of most of a record."""


async def why(asked: Asked) -> Response:
    """Parameters: ``permitted``, the ``rule``, each ``clause`` that decides and each ``change`` that would, in words.

    Raises Problem ``forbidden`` for a role that reads no record, ``bad-parameter``.
    """
    services, asker = asked.services, asked.request.asker
    type = asked.inputs.text("type") or USUAL
    if type not in tables().types:
        raise BadInput("type", "", "R4 has no such type")
    services.decide(asked.request, "$why", type)
    now = services.clock.now()
    said = services.narrowed(asker.scopes) if asker.scopes else ()
    people: list[str] = []
    access: list[Access] = []
    found = await services.store.query(Read(PERMIT_ALL, "Patient", asked.id))
    if found and not found[0].deleted:
        asked.request.account.patients[asked.id] = None  # that somebody is involved, or has consented, is told of the person
        people = await services.store.query(Group(PERMIT_ALL, asked.id))
        access = [Access(*row[:5]) for row in await services.store.query(plans.Access((asked.id,)))]
    told = explain(Question("$why", type, asked.id, asker, said), services.facts(), people, access, now)
    return resource(
        as_parameters(
            ("permitted", "valueBoolean", told.permitted),
            ("rule", "valueString", told.rule),
            *(_clause("clause", each) for each in told.clauses),
            *(_clause("change", each) for each in told.changes),
        )
    )


def _clause(name: str, clause: Clause) -> Said:
    said = (
        ("code", "valueCode", clause.code),
        ("holds", "valueBoolean", clause.kind == "holds" if clause.kind != "change" else None),
        ("organisation", "valueString", clause.source),
        ("words", "valueString", clause.words),
    )
    return name, "part", parts(*said)
