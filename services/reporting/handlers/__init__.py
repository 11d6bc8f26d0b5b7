"""Commands of reporting, one transaction each, and what its answers are put together from."""
