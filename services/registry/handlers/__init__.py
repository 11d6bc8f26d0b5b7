"""Commands and reactions of the registry, one transaction each, by subject."""
