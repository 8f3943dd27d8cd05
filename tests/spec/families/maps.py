"""Maps one message with the installed tables of its family."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from interop.fhir.findings import ERROR
from interop.fhir.validation import check
from interop.formats.json import load_json, write_json
from interop.ids import Mint
from interop.mapping.assemble import assemble
from interop.mapping.contribution import Contribution, Loss
from interop.mapping.library import adapters, family
from interop.record.fold import complete


class Made:
    """What one message makes: contributions by their names in the tables, and losses."""

    def __init__(self, contributions: list[Contribution], losses: list[Loss]) -> None:
        self.contributions = contributions
        self.losses = losses

    def all(self, name: str) -> list[dict[str, Any]]:
        """The bodies of the resources of that name, in order."""
        return [{**assemble(one.type, one.registers), "id": one.id} for one in self.contributions if one.name == name]

    def one(self, name: str) -> dict[str, Any]:
        """The body of the only resource of that name."""
        (body,) = self.all(name)
        return body

    def of_type(self, kind: str) -> list[str]:
        """The effects on resources of a type."""
        return [one.effect for one in self.contributions if one.type == kind]

    def findings(self) -> list[str]:
        """What base R4 would not take, once mandatory elements that no source filled hold what required.csv says; no warnings."""
        found = []
        for one in self.contributions:
            if one.effect == "upsert":
                body = {**complete(one.type, assemble(one.type, one.registers)), "id": one.id}
                issues = check(load_json(write_json(body)))
                found += [f"{issue.expression} {issue.message}" for issue in issues if issue.severity == ERROR]
        return found


def make(name: str, body: bytes) -> Made:
    """The outcome of one message of a family."""
    envelope, source = adapters()[name].open(body)
    mapped = family(name).map(source, envelope, Mint())
    return Made(mapped.contributions, mapped.losses)


def example(name: str, file: str) -> bytes:
    """A worked example's message."""
    return files("mappings").joinpath(name, "examples", file).read_bytes()
