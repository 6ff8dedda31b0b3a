"""What Alembic runs: all migrations in the transaction that is open on the connection it was given.  (shell)"""

from alembic import context

attributes = context.config.attributes

context.configure(
    connection=attributes["connection"],
    version_table=attributes["version_table"],
    on_version_apply=attributes["applied"],
    transactional_ddl=True,
)
context.run_migrations()
