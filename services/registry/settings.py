"""Settings of the registry."""

from typing import Annotated

from pydantic import StringConstraints

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """`FANGKONG_*` of the registry process."""

    town_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}([0-9]{3})?$")] = "320583103"
    """The town's division code (GB/T 2260, with GB/T 10114's three digits): Lujia Town in Kunshan, Suzhou."""

    @property
    def own_prefecture(self) -> str:
        """The prefecture that the town belongs to: who was there has not been away."""
        return f"{self.town_code[:4]}00"
