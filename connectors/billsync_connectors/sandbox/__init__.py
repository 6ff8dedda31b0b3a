"""A CRM and ERP of our own on this machine, and the connector to it; they share no code, only a page.  (pure)

`connector.py` and what it imports is the connector; `server/` is the stand-in, its own process; `named.py` starts it.
docs/reference/sandbox-protocol.md holds both to their word.
"""
