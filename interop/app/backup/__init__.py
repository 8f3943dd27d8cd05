"""Backups of an engine that may be running, and the way back."""
