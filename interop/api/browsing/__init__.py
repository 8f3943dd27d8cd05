"""Looking through the journal: a page of messages, what became of one, field by field, and what it says to who states a reason."""
