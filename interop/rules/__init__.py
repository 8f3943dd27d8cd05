"""What follows from what happens, as tables: events, rules, what they make. Pure."""
