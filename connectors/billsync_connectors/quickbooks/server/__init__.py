"""The stand-in: a stateful QuickBooks Online company over HTTP, with its limits, its locks and its faults.  (shell)

It knows nothing of billsync: no module of it is imported here, so that both cannot be wrong together.
Which behaviour rests on what stands in docs/reference/quickbooks-stand-in.md.
"""
