"""Settings of observation: every number that rules need is policy, not a setting."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.settings import ServiceSettings

Webhook = Annotated[
    str, StringConstraints(pattern=r"^(https://|http://(127\.0\.0\.1|localhost)(:\d{1,5})?/)[^\s#]{0,500}$")
]
"""An address that messages are sent to: in the clear on the own machine only."""


class Settings(ServiceSettings):
    """`FANGKONG_*` of the observation process."""

    resident_page: Annotated[str, StringConstraints(pattern=r"^https://[^\s#]{1,200}$")] | None = None
    """The address that printed links lead to, where it is not our own page; the token goes behind its `#`."""

    session_burst_each: Annotated[int, Field(ge=1)] = 30
    session_per_minute_each: Annotated[float, Field(gt=0)] = 20
    """How many links a minute one address may open, after so many at once; people share addresses."""
    session_burst_together: Annotated[int, Field(ge=1)] = 600
    session_per_minute_together: Annotated[float, Field(gt=0)] = 1200
    """The same for all addresses together, in each process."""

    sms_webhook: Webhook | None = None
    """Where messages to people under observation go; None: nowhere, they are called instead."""
    work_group_webhook: Webhook | None = None
    """Where messages to the people who look after them go: the robot of a work group."""
    webhook_key_file: Path | None = None
    """The key ring that signs what is sent and checks the receipts."""
    webhook_timeout_seconds: Annotated[float, Field(gt=0, le=20)] = 5
    webhook_attempts: Annotated[int, Field(ge=1, le=50)] = 12
    webhook_first_delay_seconds: Annotated[float, Field(gt=0)] = 2
    webhook_longest_delay_seconds: Annotated[float, Field(gt=0)] = 300
    webhook_lease_seconds: Annotated[float, Field(gt=0)] = 60
    """How long a message that was taken up is left alone when its process died; longer than two calls take."""
    receipt_burst: Annotated[int, Field(ge=1)] = 600
    receipt_per_minute: Annotated[float, Field(gt=0)] = 6_000
    """How often receipts may come, in each process."""

    door_burst_each: Annotated[int, Field(ge=1)] = 60
    door_per_minute_each: Annotated[float, Field(gt=0)] = 60
    """How often doors behind one address may signal, after so many at once; houses share addresses."""
    door_burst_together: Annotated[int, Field(ge=1)] = 2_000
    door_per_minute_together: Annotated[float, Field(gt=0)] = 10_000
    """The same for all addresses together, in each process."""

    @property
    def declare_address(self) -> str | None:
        """Where printed links lead; None: nobody said how people reach this service, so they hold the token alone."""
        own = self.public_url.rstrip("/") + "/declare/open" if self.public_url else None
        return self.resident_page or own

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if (self.sms_webhook or self.work_group_webhook) and self.webhook_key_file is None:
            raise ValueError("a webhook needs FANGKONG_WEBHOOK_KEY_FILE: nothing is sent without a signature")
        return self
