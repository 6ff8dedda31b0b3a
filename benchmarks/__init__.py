"""Measured side by side, as ratios in one run; never part of the test run."""
