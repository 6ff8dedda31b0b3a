"""What people touch: the command line.  Heavy imports wait inside the commands, so that `--help` answers at once.

(shell)
"""


def run() -> None:
    """Entry point of the command `billsync`."""
    from billsync.cli.app import app
    from billsync.cli.guard import guarded
    from billsync.cli.lazily import tree

    guarded(tree(app))
