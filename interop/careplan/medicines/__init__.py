"""Medicines of a stay in hospital, before and after: a pure fold of what sources say."""
