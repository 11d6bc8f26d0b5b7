"""Is everything as it should be? Looks from outside, changes nothing, and says of each fault what to do about it."""
