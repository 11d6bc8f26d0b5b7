"""Who read whom, when and why: the chain that shows a change of it, and what its own reader is shown."""
