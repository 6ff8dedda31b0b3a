"""The stand-in: a stateful Salesforce org over HTTP, with its limits, its late commits and its faults.  (shell)

It knows nothing of billsync: no module of it is imported here, so that both cannot be wrong together.
Which behaviour rests on what stands in docs/reference/salesforce-stand-in.md.
"""
