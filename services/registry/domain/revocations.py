"""A compound's revocation list as a signed document (COSE_Sign1, ES256, the passes' own key). Pure (R2.4, G10, G14).

    COSE_Sign1( { 2: compound, 6: issued at, -65539: version, -65540: since,
                  -65541: [ [pass, kind, state, serial] … ] } )

`since` is 0 in a whole list; in a delta it is the version on top of which the entries are laid. `kind` is 0 for an
entry pass and 1 for a vehicle's; `state` is 0 for one that admits, 1 for suspended, 2 for revoked; every printed copy
with a lower `serial` is dead. A pass that is not named admits as its own token says. Nothing names a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

import cbor2
from cwt import COSE, COSEKey

from services.registry.domain.passes import PassState
from shared.kernel.refusal import Refusal

MEDIA_TYPE = 'application/cose; cose-type="cose-sign1"'
ListedKind = Literal["entry", "vehicle"]
COMPOUND, ISSUED_AT, VERSION, SINCE, ENTRIES = 2, 6, -65_539, -65_540, -65_541
KINDS: tuple[ListedKind, ...] = ("entry", "vehicle")
STATES: tuple[PassState, ...] = ("active", "suspended", "revoked")
_ALG, _ES256, _KID, _CONTENT = 1, -7, 4, 3  # RFC 9052


class ListVersionUnknown(Refusal):
    """The caller holds a version that was never told: it takes the whole list."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "list_version_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A pass that was stopped or printed again."""

    pass_id: UUID
    kind: ListedKind
    state: PassState
    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """What a compound's list says at an instant."""

    compound: str
    issued_at: datetime
    version: int
    since: int
    entries: Sequence[Listed]


def sign_list(told: RevocationList, private_jwk: Mapping[str, str]) -> bytes:
    """Write a list and sign it."""
    payload = {
        COMPOUND: told.compound,
        ISSUED_AT: int(told.issued_at.timestamp()),
        VERSION: told.version,
        SINCE: told.since,
        ENTRIES: [
            [one.pass_id.bytes, KINDS.index(one.kind), STATES.index(one.state), one.serial]
            for one in told.entries
        ],
    }
    key = COSEKey.from_jwk({**private_jwk, "use": "sig", "key_ops": ["sign"]})
    # The content type keeps a list from being taken for a pass: passes have exactly two headers.
    headers = {_ALG: _ES256, _KID: private_jwk["kid"].encode(), _CONTENT: "application/fk-revocations+cbor"}
    signed: bytes = COSE.new().encode_and_sign(cbor2.dumps(payload), key, protected=headers, unprotected={})
    return signed
