"""Fuzzing by coverage, run by hand; no test."""
