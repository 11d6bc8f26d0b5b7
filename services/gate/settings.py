"""What the gate is told by its environment."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """The common settings; the gate has none of its own."""
