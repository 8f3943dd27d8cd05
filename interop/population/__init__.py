"""A practice's people as an analyst may have them: pseudonyms and coarse facts. Pure."""
