"""Bulk exports (FHIR Bulk Data Access IG 2.0.0): jobs, the files that they write, and who may have them."""
