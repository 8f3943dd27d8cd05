"""What an operation is (FHIR R4 operations.html)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Final, NamedTuple

from interop.api.asgi import Request, Response
from interop.api.operations.inputs import Inputs
from interop.api.services import Services
from interop.fhir import facts

FHIR: Final = "http://hl7.org/fhir/OperationDefinition/"
"""Where R4's own definitions are; what is defined here is named relative to this server."""
SYSTEM: Final = "system"
TYPE: Final = "type"
INSTANCE: Final = "instance"


class Input(NamedTuple):
    """A parameter that an operation takes: ``type`` is a datatype, a resource type or ``Resource``; '' has parts."""

    name: str
    type: str
    why: str
    many: bool = False
    required: bool = False

    @property
    def primitive(self) -> bool:
        """Whether it may stand in a URL."""
        return facts.is_primitive(self.type)

    @property
    def resource(self) -> bool:
        """Whether it is a resource."""
        return self.type == "Resource" or facts.kind(self.type) == "resource"


@dataclass(slots=True)
class Asked:
    """A call of an operation: type and id are '' where the address names none."""

    services: Services
    request: Request
    type: str
    id: str
    inputs: Inputs


Answer = Callable[[Asked], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as it is routed and told in the CapabilityStatement.

    ``name`` without ``$``; ``definition`` its canonical URL, or an address below the service base where it is ours; ``answer``
    names the function that answers, ``MODULE.FUNCTION`` in this package, loaded when it is first called, so that terminology and
    validation cost nothing before; ``levels`` where it may be called; ``types`` on which resource types (() = all). ``searched``:
    it takes the search parameters of its type beside ``inputs``. ``paged``: it takes a cursor. ``changes``: it changes the record,
    by POST alone. ``returns``: the type of the resource that it answers with; ``lasting``: it is taken on
    (202), and done afterwards. ``schema``: the address of the JSON Schema of what the Binary holds, which is given as
    it is unless a form of FHIR is named.
    """

    name: str
    definition: str
    answer: str
    levels: tuple[str, ...]
    types: tuple[str, ...]
    why: str
    inputs: tuple[Input, ...] = ()
    searched: bool = False
    paged: bool = False
    changes: bool = False
    returns: str = "Bundle"
    lasting: bool = False
    schema: str = ""

    @property
    def methods(self) -> tuple[str, ...]:
        """GET where everything that it must be told may stand in a URL (FHIR R4 operations, 3.2.0.2); none of ours changes
        anything by GET."""
        return ("POST",) if self.changes or any(each.required and not each.primitive for each in self.inputs) else ("GET", "POST")

    def takes(self, level: str, type: str) -> bool:
        """Whether it may be called there."""
        return level in self.levels and (not type or not self.types or type in self.types)

    def function(self) -> Answer:
        """What answers."""
        module, _, name = self.answer.rpartition(".")
        found: Answer = getattr(import_module(f"{__package__}.{module}"), name)
        return found
