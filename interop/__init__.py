"""The engine: journals source messages, maps them by tables, keeps one shared care record and serves it as FHIR R4."""
