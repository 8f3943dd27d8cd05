"""Who saw and changed what: an append-only chain of rows in files, signed checkpoints of its heads, and what is read from it."""
