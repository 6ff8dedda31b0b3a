"""HubSpot: the connector, and a stand-in of it on this machine; they share no code, only a page.  (pure)

`server/` is the stand-in, its own process; `named.py` starts it.  docs/reference/hubspot-stand-in.md says what it does
and on what each behaviour rests.
"""
