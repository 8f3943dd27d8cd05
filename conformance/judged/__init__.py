"""What the judges of a FHIR server share: the server by its URL, what came of each check, how that is shown."""
