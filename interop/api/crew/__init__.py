"""Crew cards: made of what the asker may see, and held ready."""
