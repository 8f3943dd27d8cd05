"""The journal: every message as it was received, on disk before anyone is told that it arrived."""
