"""Runs cases of FHIR search against any server: those of other projects, and tables of our own."""
