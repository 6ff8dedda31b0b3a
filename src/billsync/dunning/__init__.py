"""What is done about invoices that are not paid, and on which day.  (pure)

Owns: the days of escalation (`steps`).  Does not own: sending, and what a payment settles, which is `billsync.cash`.
"""
