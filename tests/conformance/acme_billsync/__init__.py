"""A connector as somebody else would write it, in a package of its own: the example of docs/how-to."""
