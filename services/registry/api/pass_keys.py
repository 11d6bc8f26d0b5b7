"""Pass keys and signed revocation lists over HTTP (R2.4, G10, G14)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from services.registry.api.common import Running, cause
from services.registry.api.passes import require_reach
from services.registry.domain.revocations import MEDIA_TYPE, ListVersionUnknown
from services.registry.handlers import pass_keys as handlers
from services.registry.handlers import pass_resigning, revocations
from services.registry.store import pass_keys as store
from shared.http.access import IDENTIFIED, Caller
from shared.http.models import Answer, Body
from shared.http.problem import refusing
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["pass keys"])

KeyId = Annotated[str, Path(max_length=64, description="Of a key that verifies passes.")]


class KeyAnswer(Answer):
    """A key that verifies passes, or did. The one without `replaced_at` signs."""

    key_id: str
    jwk: dict[str, str]
    valid_from: datetime
    replaced_at: datetime | None
    retired_at: datetime | None


class KeysAnswer(Answer):
    """Every key, oldest first."""

    keys: list[KeyAnswer]


class RotationBody(Body):
    """Replace the key that signs. `request_id` is made by the client."""

    request_id: UUID


class RotationAnswer(Answer):
    """The key that this request made."""

    key_id: str


class ResignedAnswer(Answer):
    """How many passes were signed again now, and how many are left for the next call."""

    signed: int
    left: int


@router.get("/v1/pass-keys", summary="The keys that verify passes", dependencies=IDENTIFIED)
async def list_keys(context: Running) -> KeysAnswer:
    """Tell the public parts of all keys to anybody; one with `retired_at` verifies no more."""
    async with context.database.read() as conn:
        rows = await store.every(conn)
    return KeysAnswer(
        keys=[
            KeyAnswer(
                key_id=row["key_id"],
                jwk=row["public_jwk"],
                valid_from=row["valid_from"],
                replaced_at=row["replaced_at"],
                retired_at=row["retired_at"],
            )
            for row in rows
        ]
    )


@router.post("/v1/pass-keys/rotation", summary="Let a new key sign", status_code=201)
async def rotate_key(body: RotationBody, who: Caller, context: Running, response: Response) -> RotationAnswer:
    """Make and announce a new key; the old one verifies on. The same request again makes no second (200)."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        who.require_town()
        key_id, new = await handlers.rotate(body.request_id, tx=tx, vault=context.vault)
    response.status_code = 201 if new else 200
    return RotationAnswer(key_id=key_id)


@router.post("/v1/pass-keys/{key_id}/signatures", summary="Sign passes again")
async def sign_again(key_id: KeyId, who: Caller, context: Running) -> ResignedAnswer:
    """Sign some passes of a replaced key again under the new one; call until nothing is left."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        who.require_town()
        signed, left = await pass_resigning.sign_again(key_id, tx=tx, vault=context.vault)
    return ResignedAnswer(signed=signed, left=left)


@router.post("/v1/pass-keys/{key_id}/retirement", summary="Retire a key")
async def retire_key(key_id: KeyId, who: Caller, context: Running) -> KeysAnswer:
    """Let a replaced key verify no more; 409 `key_in_use` while valid passes are signed with it."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        who.require_town()
        await handlers.retire(key_id, tx=tx, vault=context.vault)
    return await list_keys(context)


@router.get(
    "/v1/revocation-lists/{compound}",
    summary="A compound's signed revocation list",
    response_class=Response,
    responses={200: {"content": {"application/cose": {}}}, **refusing(ListVersionUnknown)},
)
async def revocation_list(
    compound: CompoundId,
    who: Caller,
    context: Running,
    since: Annotated[int, Query(ge=0, lt=2**31, description="The version held; 0 for the whole list.")] = 0,
) -> Response:
    """Tell which passes do not admit, signed as of now: the whole list, or what changed since a version."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        await require_reach(tx, compound, who)
        signed, told = await revocations.signed(tx, compound, since=since, vault=context.vault)
    return Response(
        signed,
        media_type=MEDIA_TYPE,
        headers={"x-list-version": str(told.version), "x-list-entries": str(len(told.entries))},
    )
