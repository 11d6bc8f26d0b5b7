"""Settings of reporting: so far only those that every service has."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """`FANGKONG_*` of the reporting process."""

    town: Annotated[str, StringConstraints(min_length=1, max_length=40)] = "陆家镇"
    """In whose name reports go upward."""
    export_hours: Annotated[int, Field(ge=1, le=168)] = 24
    """How long an export can be downloaded."""
