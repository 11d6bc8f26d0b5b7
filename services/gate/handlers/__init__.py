"""What the gate does with a command: load, decide, save and publish, in one transaction."""
