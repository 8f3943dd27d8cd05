"""What FHIRPath may ask while a resource is validated."""

from __future__ import annotations

from interop.fhir.fhirpath import Environment, Item
from interop.fhir.validation.profiles.occurrence import Json, Occurrence
from interop.fhir.validation.profiles.run import Run, worse

BUDGET = 300_000
"""Steps of one evaluation."""


def environment(run: Run) -> Environment:
    """The environment of a run: %resource, %rootResource, resolve(), memberOf(), conformsTo()."""
    if run.environment is None:
        run.environment = _made(run)
    return run.environment


def _made(run: Run) -> Environment:
    def resolve(reference: str) -> Json | None:
        found = run.resolve(reference)
        return found[0] if found else None

    def member_of(value_set: str, item: Item) -> bool | None:
        return run.judge.member(value_set, Occurrence(item.value, item.shadow, item.type, ""))

    def conforms_to(item: Item, url: str) -> bool | None:
        if not run.judge.type_of(url):
            return None
        return not worse(run.judge.conforms(Occurrence(item.value, item.shadow, item.type, ""), url, run))

    return Environment(resource=run.resource, root_resource=run.root, resolve=resolve, member_of=member_of, conforms_to=conforms_to)
