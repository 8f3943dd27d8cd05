"""Patch cases over HTTP: FHIRPath Patch, JSON Patch, XML Patch (FHIR R4 http.html 3.1.0.9, fhirpatch.html)."""
