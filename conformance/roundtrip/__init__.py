"""Example resources against a server: created, read back, turned to XML and back, found by their own values, deleted."""
