"""Connectors that come with billsync: one folder per outside system, each with the connector and its local stand-in."""
