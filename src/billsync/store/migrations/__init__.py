"""Alembic's folder: run by `billsync.store.migrating`, on the connection that it hands over.  (shell)"""
