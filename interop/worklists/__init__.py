"""Worklists: which people wait for whom, and why: tables and their order, without a store."""
