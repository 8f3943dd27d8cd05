"""Profiles: read from a snapshot into a tree, compiled to rules, judged where they stand."""
