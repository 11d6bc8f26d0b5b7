"""Rules: policy versions, risk areas, the keys that passes are signed with."""

from datetime import date

from pydantic import AwareDatetime

from shared.events.base import Event
from shared.events.policy import PolicyDocument
from shared.events.policy_observation import Category


class PolicyRevised(Event, type="fangkong.registry.PolicyRevised.v1", channel="policy", key="version"):
    """A policy version was put in force from a day on; services keep it as their copy (R1.2)."""

    version: int
    effective_from: date
    revised_by: str
    document: PolicyDocument


class RiskAreasRevised(Event, type="fangkong.registry.RiskAreasRevised.v1", channel="policy", key="revision"):
    """A new dated list of risk areas by division code (GB/T 2260); a county inherits unless listed itself (R4.8)."""

    revision: int
    effective_from: date
    areas: dict[str, Category]


class PassKeyAnnounced(Event, type="fangkong.registry.PassKeyAnnounced.v1", channel="policy", key="key_id"):
    """A public key with which pass signatures verify (ES256, JWK); old ones stay valid until they are retired."""

    key_id: str
    jwk: dict[str, str]
    valid_from: AwareDatetime


class PassKeyRetired(Event, type="fangkong.registry.PassKeyRetired.v1", channel="policy", key="key_id"):
    """A pass key verifies no longer: every pass that it signed was signed again or is over."""

    key_id: str
    retired_at: AwareDatetime
