"""The end of the measures: when it may be asked for, and the certificate that proves it. Pure (Data and law, 0063)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID, uuid5

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from shared.events.closing import ANSWERS
from shared.kernel.refusal import Refusal

SERVICES = tuple(ANSWERS)
"""All who have to answer."""
KIND = "fangkong-closing"
State = Literal["counting", "counted", "asked", "approved", "certified", "dropped"]


class ClosingUnknown(Refusal):
    """There is no such closing."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "closing_unknown"


class ClosingBegun(Refusal):
    """Another one was begun, and is neither done nor withdrawn."""

    code: ClassVar[str] = "closing_begun"


class ClosingNotCounted(Refusal):
    """A service has not told yet what there is; `missing` names it."""

    code: ClassVar[str] = "closing_not_counted"


class ClosingGoesOn(Refusal):
    """It was approved: what is destroyed cannot be called back."""

    code: ClassVar[str] = "closing_goes_on"


class ClosingDropped(Refusal):
    """It was refused or withdrawn, or nobody decided in time."""

    code: ClassVar[str] = "closing_dropped"


class NotYourClosing(Refusal):
    """Only who began it, or asked for it, takes it back."""

    status: ClassVar[int] = 403
    code: ClassVar[str] = "not_your_closing"


class NoCertificate(Refusal):
    """Nothing was closed down, or not all services have answered."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = "no_certificate"


class CertificateNotGenuine(Exception):  # noqa: N818 -- an answer about a text
    """The text is no certificate that one of these keys signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a service answered: rows and keys that it had, and how many keys live still."""

    found: Mapping[str, int]
    keys_left: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who asked or approved: as whom, and when. The account is named by a pseudonym of this closing."""

    account: UUID
    roles: str
    at: datetime


def pseudonym(closing_id: UUID, account: str) -> UUID:
    """What a certificate calls an account: whoever knows the account can check it, and nobody reads it off."""
    return uuid5(closing_id, account)


def missing(answered: Mapping[str, object]) -> list[str]:
    """Which services have not answered."""
    return [service for service in SERVICES if service not in answered]


def decide_asking(counted: Mapping[str, Told]) -> dict[str, int]:
    """What a second person is shown in one line: services, keys, rows with something sealed.

    Raises:
        ClosingNotCounted: a service is missing.
    """
    if silent := missing(counted):
        raise ClosingNotCounted(
            "还有服务没有报来清点数。A service has not counted yet.",
            remedy="等全部清点完再提出。Wait until all have, then ask.",
            missing=silent,
        )
    return {"services": len(counted), **totals(counted)}


def totals(told: Mapping[str, Told]) -> dict[str, int]:
    """Keys, and rows with something sealed, of all services."""
    keys = sum(one.found.get("data_keys", 0) for one in told.values())
    rows = sum(number for one in told.values() for kind, number in one.found.items() if kind not in _NO_ROWS)
    return {"data_keys": keys, "sealed_rows": rows}


_NO_ROWS = frozenset({"data_keys", "sessions"})


def certificate(
    closing_id: UUID,
    *,
    asked: Signature,
    approved: Signature,
    destroyed: Mapping[str, Told],
    policy_version: int,
    at: datetime,
) -> dict[str, Any]:
    """What is signed: per service what there was, when it went, and what is left; nothing of anybody.

    The keys that are left are the one that signs this; it is destroyed once this is kept.
    """
    return {
        "kind": KIND,
        "closing_id": str(closing_id),
        "asked": _signature(asked),
        "approved": _signature(approved),
        "policy_version": policy_version,
        "services": {
            service: {
                "destroyed_at": told.at.isoformat(),
                "found": dict(sorted(told.found.items())),
                "keys_left": told.keys_left,
            }
            for service, told in sorted(destroyed.items())
        },
        "totals": totals(destroyed),
        "certified_at": at.isoformat(),
    }


def _signature(one: Signature) -> dict[str, str]:
    return {"account": str(one.account), "roles": one.roles, "at": one.at.isoformat()}


def sign(content: Mapping[str, Any], private_jwk: Mapping[str, str]) -> str:
    """A certificate as a compact JWS (RFC 7515, ES256), signed by the key that signs passes."""
    header = {"alg": "ES256", "kid": private_jwk["kid"], "typ": KIND}
    payload = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
    return jws.serialize_compact(header, payload, ECKey.import_key(dict(private_jwk)), algorithms=["ES256"])


def verify(text: str, keys: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """What a certificate says, once its signature holds.

    Args:
        text: the compact JWS.
        keys: announced pass keys by key id, as the registry tells them.

    Raises:
        CertificateNotGenuine: none of these keys signed it, or it is no certificate.
    """
    try:
        kid = jws.extract_compact(text.strip().encode()).headers()["kid"]
        key = ECKey.import_key(dict(keys[str(kid)]))
        made = jws.deserialize_compact(text.strip().encode(), key, algorithms=["ES256"])
        content = json.loads(made.payload)
    except (JoseError, KeyError, ValueError, TypeError) as error:
        raise CertificateNotGenuine(type(error).__name__) from None
    if made.headers().get("typ") != KIND or not isinstance(content, dict) or content.get("kind") != KIND:
        raise CertificateNotGenuine("signed, and no certificate of a closing")
    return content
