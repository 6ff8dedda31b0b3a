"""The stand-in: a stateful CRM and ERP over HTTP whose limits and faults are switched on by request.  (shell)

It knows nothing of billsync: no module of it is imported here, so that both cannot be wrong together.
"""
