"""The stages of a run: values out of the store, a pure step, values and problems back into it.  (shell)

`sync.py` calls them in order.  A stage works in batches, each in one transaction, so that it can be stopped anywhere
and started again: what is done is done, what is not is still pending.
"""
