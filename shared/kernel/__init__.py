"""The innermost ring: ids, clock, local days, refusals, sealed fields and sealed cards."""
