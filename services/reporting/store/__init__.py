"""All SQL of reporting, one module a read model: what its projection writes, then what HQ reads of it."""
