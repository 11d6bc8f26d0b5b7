"""Settings of observation: those that all services share."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Nothing of its own: every number that rules need is policy."""
