"""The stand-in: an ERPNext site behind Frappe's REST API, with its books, its people and faults.  (shell)

It knows nothing of billsync: no module of it is imported here, so that both cannot be wrong together.
Which behaviour rests on what stands in docs/reference/erpnext-stand-in.md.
"""
