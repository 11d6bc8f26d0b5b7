"""Settings of sanitation: so far only those that every service has."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """`FANGKONG_*` of the sanitation process."""
