"""FHIR R4: facts, search extraction, references, structural check. A leaf: imports nothing of the engine above it."""
