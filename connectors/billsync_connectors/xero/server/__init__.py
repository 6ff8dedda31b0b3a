"""The stand-in: Xero's identity server and Accounting API, with limits, lock dates, people, faults.  (shell)

It knows nothing of billsync: no module of it is imported here, so that both cannot be wrong together.
Which behaviour rests on what stands in docs/reference/xero-stand-in.md.
"""
