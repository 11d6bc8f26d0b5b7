"""Commands and reactions of observation: cases (`observing`), residents' links, contact cards."""
