"""Patches of resources: JSON Patch (RFC 6902), FHIRPath Patch (FHIR R4, fhirpatch.html) and XML Patch (RFC 5261).

Each takes a resource as ``interop.formats.json.load_json`` gives it and returns another; what it was given is never changed.
Problems: ``bad-patch`` (the patch cannot be understood) and ``patch-failed`` (it does not fit the resource as it is), with the
operation in ``where``.
"""

from interop.fhir.patching.fhirpath import fhirpath_patch
from interop.fhir.patching.jsonpatch import json_patch
from interop.fhir.patching.pruning import pruned
from interop.fhir.patching.xmlpatch import patch_document, xml_patch

__all__ = ["fhirpath_patch", "json_patch", "patch_document", "pruned", "xml_patch"]
