"""Kills an engine under load, again and again, and compares what is left with what senders were told and with an engine that nobody
killed."""
