"""The command line ``./fangkong``: Chinese first, English beside it."""
