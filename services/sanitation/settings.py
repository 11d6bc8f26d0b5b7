"""Settings of sanitation: every number that rules need is policy, not a setting."""

from typing import Annotated

from pydantic import StringConstraints

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """`FANGKONG_*` of the sanitation process."""

    site_page: Annotated[str, StringConstraints(pattern=r"^https://[^\s#]{1,200}$")] | None = None
    """The address of the page that printed codes of sites lead to; the site's code goes behind its `#`."""
