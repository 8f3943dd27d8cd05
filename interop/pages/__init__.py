"""The pages that people see: crew, clinician, co-ordination desk, patient portal, operations console. They ask the API."""
