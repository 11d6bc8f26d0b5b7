"""HTTP surface of reporting, for HQ. Every answer says `as_of` when its sources were last heard of."""
