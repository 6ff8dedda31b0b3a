"""A stand-in for HubSpot's CRM over HTTP that is not a friend: lagging search, limits, faults on request.  (shell)

It knows nothing of billsync: no module of it is imported here, so that both cannot be wrong together.
"""
