"""Settings of reporting: so far only those that every service has. It seals nothing and is given no keys."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """`FANGKONG_*` of the reporting process."""
