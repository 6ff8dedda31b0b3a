"""What contracts are worth: recurring revenue, its movements, and how much of it stays.  (pure)

Owns: definitions that tie out: the movements of two days sum to the difference.  Does not own:
what was invoiced or earned.
"""
