"""Profiles, extensions, bindings: what the validator asks beyond base R4."""
