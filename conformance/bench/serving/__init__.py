"""``conformance bench serve``: the speed of a FHIR server at several sizes of its data."""
