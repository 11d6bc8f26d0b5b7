"""What one process of the gate remembers between requests: devices it has seen, pass keys, tokens, policy.

Everything here is a copy with a short life or of something that never changes; the database decides.
"""

import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI

from services.gate.domain.entry import GateRules, Proof
from services.gate.domain.lists import ListRules
from services.gate.domain.possession import TICKET, read_key
from services.gate.sealing import DEVICE_TICKET
from services.gate.store import devices, rules
from shared.context import Context
from shared.db.pool import Conn, Tx
from shared.http.access import Grant, Principal, Role, Scope, ScopeKind
from shared.http.auth import NotAuthenticated, TokenRefused
from shared.http.problem import HttpRefusal, PolicyUnknown
from shared.kernel import pass_token
from shared.kernel.ids import CheckpointId, CompoundId

TICKET_SECONDS = 300.0
"""How long a ticket stands for a signature with single checks: five heartbeats, some of which may be lost."""
SESSION_SECONDS = 15.0
"""How long a device is believed without asking the database: a revocation elsewhere holds after this (<= 60 s)."""
_MAX_TOKENS = 20_000
_MAX_SESSIONS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Station(Principal):
    """A device that has proved itself, and the one checkpoint it serves."""

    device_id: UUID
    compound: CompoundId
    checkpoint: CheckpointId
    opened_at: datetime
    clock_skew_seconds: int = 0
    revoked: bool = False
    key: ec.EllipticCurvePublicKey | None = None
    key_needed: bool = False
    """It has none, and the day has come from which every device has one."""
    proof: str = field(default="", repr=False)
    """What came behind the credential: that the device has its key (`api.proofs` looks at it)."""

    def shut_out(self) -> HttpRefusal:
        """A revoked device is told so: it proved to be that device, and has to stop deciding (G16)."""
        return DeviceRevoked() if self.revoked else Principal.shut_out(self)


class DeviceRevoked(NotAuthenticated):
    """The device was stopped. It may upload what it still holds, for a supervisor to look at, and nothing else."""

    code: ClassVar[str] = "device_revoked"

    def __init__(self) -> None:
        super().__init__("该设备已停用，请联系值班长。This device was stopped; call the shift leader.")


@dataclass(slots=True)
class _Session:
    until: float
    credential_hash: bytes
    next_credential_hash: bytes | None
    station: Station
    ticket: str = ""
    ticket_until: float = 0.0
    """The last ticket that held, and until when by real time: it is shown with every check of five minutes."""


class Desk:
    """A process's memory. `desk(app)` gives the one of an application."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._clock = context.clock
        self._sessions: OrderedDict[str, _Session] = OrderedDict()  # by device id as we spell it
        self._forgotten = 0
        self._rules: dict[int, GateRules] = {}
        self._keys: dict[str, pass_token.PublicKey] = {}
        self._tokens: OrderedDict[tuple[pass_token.Kind, str], pass_token.PassClaims] = OrderedDict()

    async def station(self, credential: str) -> Station:
        """The device behind `<device_id>.<secret>`, with the proof that may follow after a space.

        Raises:
            TokenRefused: unknown or wrong; the answer does not say which.
        """
        credential, _, proof = credential.partition(" ")
        name, _, secret = credential.partition(".")
        try:
            device_id = UUID(name)
        except ValueError:
            raise TokenRefused("no device id") from None
        session = self._sessions.get(str(device_id))
        if session is None or session.until <= self._clock.monotonic():
            session = await self._open(device_id)
        given = hashlib.sha256(secret.encode()).digest()
        if not hmac.compare_digest(session.credential_hash, given):
            await self._take_next(session, given)
        return replace(session.station, proof=proof) if proof else session.station

    def recognise(self, credential: str) -> Station | None:
        """The same for a device that proved itself lately, on a route that takes tickets; None: look closely."""
        credential, _, proof = credential.partition(" ")
        name, _, secret = credential.partition(".")
        session = self._sessions.get(name)
        if session is None or session.until <= self._clock.monotonic():
            return None
        station = session.station
        if station.key_needed or (station.key is not None and not self._holds(session, proof)):
            return None
        given = hashlib.sha256(secret.encode()).digest()
        return station if hmac.compare_digest(session.credential_hash, given) else None

    def ticket(self, station: Station) -> str | None:
        """What a device with a key shows instead of a signature with its single checks, for some minutes."""
        if station.key is None:
            return None
        until = int(self._clock.real_now().timestamp() + TICKET_SECONDS)
        return f"{TICKET}.{until}.{self._marks(station.device_id, until)[0]}"

    def holds_ticket(self, station: Station) -> bool:
        """Is the proof that came a ticket of this device's, and of now?"""
        session = self._sessions.get(str(station.device_id))
        return session is not None and self._holds(session, station.proof)

    def _holds(self, session: _Session, proof: str) -> bool:
        now = self._clock.real_now().timestamp()
        if proof == session.ticket and now < session.ticket_until:
            return True
        kind, _, rest = proof.partition(".")
        until, _, mark = rest.partition(".")
        if (
            kind != TICKET
            or not (until.isascii() and until.isdigit() and len(until) < 12)
            or int(until) <= now
        ):
            return False
        marks = self._marks(session.station.device_id, int(until))
        if not any(hmac.compare_digest(mark.encode(), one.encode()) for one in marks):
            return False
        session.ticket, session.ticket_until = proof, float(until)
        return True

    def _marks(self, device_id: UUID, until: int) -> list[str]:
        """What only gate can make, by the present index key first: another process believes it too."""
        vault, text = self.context.vault, f"{device_id}|{until}"
        made = (vault.index(DEVICE_TICKET, text), *vault.index_all(DEVICE_TICKET, text))
        return [one.partition(b":")[2].hex() for one in made]

    async def station_of(self, device_id: UUID) -> Station:
        """The station of a device that is known, revoked or not, for what somebody does in its place."""
        return (await self._open(device_id)).station

    def forget(self, device_id: UUID) -> None:
        """Ask the database again at the device's next call; what is being read just now is not believed either."""
        self._forgotten += 1
        self._sessions.pop(str(device_id), None)

    async def rules(self, conn: Conn, day: date) -> GateRules:
        """The rules in force on a business day.

        Raises:
            PolicyUnknown: none is known yet.
        """
        return await self._rules_of(conn, await rules.rules_version(conn, day))

    async def rules_for_group(self, tx: Tx) -> GateRules:
        """The rules in force, at the beginning of a transaction for many checks.

        Raises:
            PolicyUnknown: none is known yet.
        """
        return await self._rules_of(tx, await rules.rules_version_for_group(tx, tx.today))

    async def _rules_of(self, conn: Conn, version: int | None) -> GateRules:
        """A version never changes, so each is read once."""
        if version is None:
            raise PolicyUnknown
        if version not in self._rules:
            self._rules[version] = await rules.rules(conn, version)
        return self._rules[version]

    async def list_rules(self, conn: Conn, day: date) -> ListRules:
        """What a device needs to decide by itself on a business day.

        Raises:
            PolicyUnknown: none is known yet.
        """
        version = await rules.rules_version(conn, day)
        if version is None:
            raise PolicyUnknown
        return await rules.list_rules(conn, version)

    def read_token(
        self, token: str, kind: pass_token.Kind = "entry", *, keys_are_new: bool = False
    ) -> tuple[Proof, pass_token.PassClaims | None]:
        """What a scanned text is worth as a pass of a kind. Only texts that verified are remembered.

        Args:
            token: the text.
            kind: what it is shown as.
            keys_are_new: `learn_keys` was just awaited; a key that is unknown now, nobody knows.

        Raises:
            UnknownKey: signed by a key that is not at hand; learn the keys and read it again.
        """
        if claims := self._tokens.get((kind, token)):
            self._tokens.move_to_end((kind, token))
            return Proof.VERIFIED, claims
        try:
            claims = pass_token.verify(token, self._keys, kind=kind)
        except pass_token.Malformed:
            return Proof.UNREADABLE, None
        except pass_token.UnknownKey:
            if keys_are_new:
                return Proof.UNKNOWN_KEY, None
            raise
        except pass_token.InvalidSignature:
            return Proof.FORGED, None
        self._tokens[kind, token] = claims
        if len(self._tokens) > _MAX_TOKENS:
            self._tokens.popitem(last=False)
        return Proof.VERIFIED, claims

    async def learn_keys(self) -> None:
        """Read the keys that passes are signed with."""
        async with self.context.database.read() as conn:
            rows = await conn.fetch(rules.PASS_KEYS)
        self._keys = {row["key_id"]: pass_token.read_public(row["jwk"]) for row in rows}

    async def _open(self, device_id: UUID) -> _Session:
        before = self._forgotten
        async with self.context.database.read() as conn:
            row = await conn.fetchrow(devices.DEVICE, device_id, self._clock.today())
        if row is None:
            raise TokenRefused("unknown device")
        revoked = row["revoked_at"] is not None
        role = Role.REVOKED_DEVICE if revoked else Role.DEVICE
        scope = Scope(kind=ScopeKind.CHECKPOINT, id=row["checkpoint"])
        key, required = row["public_key"], row["keys_required_from"]
        session = _Session(
            until=self._clock.monotonic() + SESSION_SECONDS,
            credential_hash=row["credential_hash"],
            next_credential_hash=row["next_credential_hash"],
            station=Station(
                kind="device",
                subject=str(device_id),
                grants=(Grant(role=role, scope=scope),),
                device_id=device_id,
                compound=row["compound"],
                checkpoint=row["checkpoint"],
                opened_at=row["opened_at"],
                clock_skew_seconds=row["clock_skew_seconds"],
                revoked=revoked,
                key=read_key(key) if key else None,
                key_needed=key is None and required is not None and required <= self._clock.today(),
            ),
        )
        if before == self._forgotten:  # else a revocation was committed while we read
            self._sessions[str(device_id)] = session
            if len(self._sessions) > _MAX_SESSIONS:
                self._sessions.popitem(last=False)
        return session

    async def _take_next(self, session: _Session, given: bytes) -> None:
        """The first use of the credential that was offered makes it the only one.

        Raises:
            TokenRefused: neither the present credential nor the next.
        """
        offered = session.next_credential_hash
        if offered is None or not hmac.compare_digest(offered, given):
            raise TokenRefused("wrong device secret")
        device_id = session.station.device_id
        async with self.context.database.begin(actor=str(device_id)) as tx:
            await tx.execute(devices.TAKE_CREDENTIAL, device_id, given)
        self.forget(device_id)


def desk(app: FastAPI) -> Desk:
    """The memory of an application's process, made when first asked for."""
    found: Desk | None = getattr(app.state, "desk", None)
    if found is None:
        found = app.state.desk = Desk(app.state.context)
    return found


async def authenticate(credential: str, app: FastAPI) -> Principal:
    """The `Device` scheme: `Authorization: Device <device_id>.<secret>`."""
    return await desk(app).station(credential)


def recognise(credential: str, app: FastAPI) -> Principal | None:
    """The same at once, for a device that proved itself lately."""
    return desk(app).recognise(credential)
