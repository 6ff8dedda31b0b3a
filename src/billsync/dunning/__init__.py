"""What is done about invoices that are not paid, and on which day.  (pure)

Owns: the days of escalation (`steps`), holidays by rule (`holidays`).  Does not own: sending, and what a payment
settles, which is `billsync.cash`.
"""
