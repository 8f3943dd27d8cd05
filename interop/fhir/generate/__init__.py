"""Writes the tables of R4 facts from HL7's own packages, or checks that they are what it would write.

    python -m interop.fhir.generate [--check] [--source FOLDER]

The source folder holds ``hl7.fhir.r4.core-4.0.1.tgz`` and ``hl7.fhir.r4.expansions.tgz`` (HL7, CC0). Where it is absent,
``--check`` compares the tables with the digests in ``tables/manifest.json``.
"""
