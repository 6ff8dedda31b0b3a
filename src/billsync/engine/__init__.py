"""Where flows are carried out: in this process, or durably by many of them.  (shell)

The port (`port.py`) is all that the rest knows; `durable.py` has DBOS under it, `memory.py` nothing but this process.
"""
