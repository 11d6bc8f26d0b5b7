"""The registry over HTTP, by subject."""
