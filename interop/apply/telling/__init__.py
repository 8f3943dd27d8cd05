"""People are told that there is something to read: by whom, where and when, and what became of it (decision 0077)."""
