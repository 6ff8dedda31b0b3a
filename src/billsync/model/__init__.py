"""The nouns: what every connector and every stage speaks.  Frozen values; no I/O, no clock, no chance.  (pure)"""
