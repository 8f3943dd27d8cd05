"""Workflows end to end: stories of people, told by real messages to a running engine; each is a page of docs/workflows."""
