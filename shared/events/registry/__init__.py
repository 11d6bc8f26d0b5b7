"""What the registry tells, one module a part of its book."""
