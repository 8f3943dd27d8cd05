"""Runs the cases that HL7 keeps for FHIR validators, and shows where this validator and the official one differ."""
