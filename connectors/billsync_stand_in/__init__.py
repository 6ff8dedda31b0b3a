"""What stand-ins of outside systems are built of: storage, a clock, a door, faults, the administration.  (shell)

It knows nothing of billsync or of any connector, and needs nothing but Python: a stand-in shares no code with what it
is there to try.  What a system does differently stands in that system's own server.
"""
