"""Benches: what a server does in a second, measured from outside, with the outcome counted.

Each figure stands beside the machine, the data and a calibration loop, and is the median of several runs. A bench whose outcome
is not what was sent fails.
"""
