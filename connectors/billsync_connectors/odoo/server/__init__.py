"""The stand-in: an Odoo database behind JSON-2, JSON-RPC and XML-RPC, with its books, its people and faults.  (shell)

It knows nothing of billsync: no module of it is imported here, so that both cannot be wrong together.
Which behaviour rests on what stands in docs/reference/odoo-stand-in.md.
"""
