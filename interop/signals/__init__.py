"""Signals between processes by Redis 7: who is told what, and limits that several processes keep together (decision 0067).

Nothing is kept there that is needed: a Redis that is gone, emptied or slow costs time alone. What is written are kinds, numbers and
keyed digests; nothing of a person.
"""
