"""`python -m billsync` is the same as the command `billsync`."""

from billsync.cli import run

run()
