"""The contract between services: every event, said once."""
