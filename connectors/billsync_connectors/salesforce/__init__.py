"""Salesforce: the connector, a stand-in of an org to try it on, and the door between; they share no code.  (pure)

`connector.py` and what it imports is the connector; `server/` is the stand-in, its own process; `named.py` starts it.
"""
