"""Figures that can be trusted: features of samples, distances between sets of them, intervals, memorisation, protocols.

All metrics are pure functions of features [N, D], computed in float64 and seeded by position: the same features give
the same bytes. Which quantity an interval covers is said in each docstring, and how often it does is measured by
benchmarks/coverage.py. docs/method/metrics.md has the equations and the conventions.
"""
