"""Acts that two people carry out: one asks, another one of the right role lets it happen or does not (0051)."""
