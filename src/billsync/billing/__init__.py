"""Deals become contracts, contracts become charges: what is owed, from which day, and why.  (pure)

Owns: terms (`terms`), the days of service (`calendar`), prices (`price`), charges (`charges`), and what to do when a
deal changes after it was billed (`changes`).  Does not own: tax, grouping, numbers and due dates, which are invoicing.
"""
