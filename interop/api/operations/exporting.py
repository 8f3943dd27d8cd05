"""The operations by which much is given at once, as they are routed and told in the CapabilityStatement."""

from __future__ import annotations

from typing import Final

from interop.api.operations.operation import INSTANCE, SYSTEM, TYPE, Input, Operation

BULK: Final = "http://hl7.org/fhir/uv/bulkdata/"
_WHY: Final = "Write {} as ndjson, in one state of the record, for who asks to fetch: ask with Prefer: respond-async."
_INPUTS: Final = (
    Input("_outputFormat", "string", "application/fhir+ndjson, application/ndjson or ndjson."),
    Input("_since", "instant", "Only what was changed after it; what was taken away since is told as deleted."),
    Input("_type", "code", "Only resources of these types, commas between.", many=True),
    Input("_typeFilter", "string", "A search of a type (Type?parameter=value) that narrows it; any of several.", many=True),
    Input("_elements", "string", "Only these elements, commas between; Type.element for one type.", many=True),
    Input("includeAssociatedData", "code", "Not supported: passed over with Prefer: handling=lenient.", many=True),
)
_PATIENT: Final = Input("patient", "Reference", "Only what is about these Patients.", many=True)

EXPORTING: Final = (
    Operation(
        "export",
        BULK + "OperationDefinition/patient-export",
        "export.export",
        (TYPE,),
        ("Patient",),
        _WHY.format("what is about anyone"),
        (*_INPUTS, _PATIENT),
        lasting=True,
    ),
    Operation(
        "export",
        BULK + "OperationDefinition/group-export",
        "export.export",
        (INSTANCE,),
        ("Group",),
        _WHY.format("what is about the members of the group"),
        (*_INPUTS, _PATIENT),
        lasting=True,
    ),
    Operation(
        "export",
        BULK + "OperationDefinition/export",
        "export.export",
        (SYSTEM,),
        (),
        _WHY.format("everything"),
        _INPUTS,
        lasting=True,
    ),
)
