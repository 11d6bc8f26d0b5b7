"""All SQL of the registry, by subject."""
