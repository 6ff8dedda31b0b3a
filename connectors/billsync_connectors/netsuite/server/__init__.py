"""The stand-in: a stateful NetSuite account over HTTP, with its governance, its jobs and its faults.  (shell)

It knows nothing of billsync: no module of it is imported here, so that both cannot be wrong together.
Which behaviour rests on what stands in docs/reference/netsuite-stand-in.md.
"""
