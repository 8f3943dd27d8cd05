"""Operations (FHIR R4 operations.html): a module each, listed in ``registry``."""
