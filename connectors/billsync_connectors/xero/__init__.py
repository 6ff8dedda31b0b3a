"""Xero: the connector, and a stand-in that shares no code with it.  (shell)"""
