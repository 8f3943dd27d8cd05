"""Puts the engine together and runs it."""
