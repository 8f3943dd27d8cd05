"""Sending what is due to destinations, as far as they may see it."""
