"""``$export`` (FHIR Bulk Data Access IG 2.0.0): takes an export on and tells where to ask for it."""

from __future__ import annotations

import re
from typing import Final

from interop.api import links
from interop.api.asgi import Response
from interop.api.exporting.asking import GROUP, OPERATION, PATIENT, decided, planned
from interop.api.exporting.job import Wanted
from interop.api.exporting.serving import PREFIX
from interop.api.fhir.routes import resource_types
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.api.problems import outcome
from interop.api.searching.references import ID
from interop.errors import Problem
from interop.fhir.searching import interval

FORMATS: Final = ("application/fhir+ndjson", "application/ndjson", "ndjson")
UNSUPPORTED: Final = ("includeAssociatedData",)
"""Parameters of the guide that nothing is done about."""
_MORE: Final = re.compile(r",(?=[A-Z][A-Za-z]+(?:\?|$))")
PATIENTS: Final = 10_000
FILTERS: Final = 100


async def export(asked: Asked) -> Response:
    """202 with Content-Location; raises Problem ``forbidden``, ``not-found``, ``bad-parameter``, ``throttled``."""
    services, request = asked.services, asked.request
    level = asked.type, asked.id
    services.decide(request, OPERATION, *level)
    said = {each.strip().lower() for each in re.split(r"[,;]", request.header(b"prefer"))}
    if request.method == "HEAD" or "respond-async" not in said:
        raise Problem("bad-parameter", where="Prefer", detail="an export takes a while: ask with Prefer: respond-async")
    wanted = _wanted(asked, lenient="handling=lenient" in said)
    decision = await decided(services, request.asker, level)
    await planned(services, decision, wanted, services.clock.now())
    if services.exports is None:
        raise Problem("not-allowed")
    job = await services.exports.begin(request.asker, wanted)
    where = f"{links.root(request, services.base)}{PREFIX}{job.id}"
    issues = [{"severity": "information", "code": "informational", "diagnostics": f"Ask for the export at {where}."}]
    issues += [{"severity": "warning", "code": "not-supported", "diagnostics": each} for each in wanted.warnings]
    return Response(202, outcome(issues), headers=[(b"content-location", where.encode("ascii"))])


def _wanted(asked: Asked, *, lenient: bool) -> Wanted:
    given, request = asked.inputs, asked.request
    warnings: list[str] = []
    for name in UNSUPPORTED:
        if name in given and not lenient:
            raise BadInput(name, "", "it is not supported; with Prefer: handling=lenient it is passed over")
        if name in given:
            warnings.append(f"The parameter {name} was ignored: it is not supported.")
    if "_outputFormat" in given and given.text("_outputFormat").replace(" ", "+") not in FORMATS:
        raise BadInput("_outputFormat", "", f"it is one of {', '.join(FORMATS)}")
    types = tuple(dict.fromkeys(given.every("_type")))
    if not resource_types().issuperset(types):
        raise BadInput("_type", "", "it names a type that R4 lacks")
    since = 0
    if "_since" in given:
        found = interval(given.text("_since").replace(" ", "+"))
        if found is None:
            raise BadInput("_since", "", "an instant is wanted")
        since = found[0]
    patients = _patients(asked)
    base = links.base(request, asked.services.base)
    query = request.scope.get("query_string", b"").decode("ascii", "replace")
    address = f"{links.root(request, asked.services.base)}{request.path}{'?' + query if query else ''}"
    elements = tuple(name for each in given.every("_elements") for name in each.split(",") if name)
    level = asked.type, asked.id
    return Wanted(level, address, base, types, _filters(asked, types), since, elements, patients, tuple(warnings))


def _filters(asked: Asked, types: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(type, query) of each search in ``_typeFilter``; several stand in it with commas between, or it is repeated."""
    found: list[tuple[str, str]] = []
    for each in asked.inputs.every("_typeFilter"):
        for one in _MORE.split(each):
            type_, _, query = one.partition("?")
            if type_ not in resource_types() or (types and type_ not in types):
                raise BadInput("_typeFilter", "", "it begins with a type that is exported, and a question mark")
            found.append((type_, query))
    if len(found) > FILTERS:
        raise BadInput("_typeFilter", "", f"at most {FILTERS} are taken")
    return tuple(found)


def _patients(asked: Asked) -> tuple[str, ...] | None:
    """The ids of the Patients that ``patient`` names; None where it is not there."""
    if "patient" not in asked.inputs:
        return None
    if asked.type not in (PATIENT, GROUP):
        raise BadInput("patient", "", "it is taken at Patient and Group alone")
    found = []
    for each in asked.inputs.every("patient"):
        type_, _, id_ = str(each.get("reference", "")).rpartition("/")
        if type_.rpartition("/")[2] != PATIENT or not ID.fullmatch(id_):
            raise BadInput("patient", "", "a reference to a Patient is wanted: Patient/[id]")
        found.append(id_)
    if len(found) > PATIENTS:
        raise BadInput("patient", "", f"at most {PATIENTS} are taken")
    return tuple(dict.fromkeys(found))
