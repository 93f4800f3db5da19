import return_hook  # noqa: F401  (its import puts the hook in place)
