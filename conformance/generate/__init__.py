"""Synthetic people, and the messages that source systems would send about them.

Everything is a pure function of a seed: the same seed and number of patients give the same bytes, in any process. All people are
invented; NHS numbers are of the 999 range, which is kept for tests, and telephone numbers of the ranges kept for drama.
"""
