"""One mapping of 30 fields, 5 lookups, 3 conditionals and 3 lines: ours, by hand, and as the peers would write it."""
