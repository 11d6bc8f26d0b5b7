"""Photos as proof."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.sanitation.api.common import InContext, cause, roles_of
from services.sanitation.handlers import photos as handlers
from services.sanitation.handlers.photos import AddPhoto, KeptPhoto
from shared.http.access import Caller
from shared.http.models import Answer
from shared.http.uploads import file_form, uploaded_file
from shared.kernel.ids import CompoundId

router = APIRouter(tags=["sanitation"])


class PhotoAnswer(Answer):
    """A photo as it is kept: the picture alone, at most 1600 pixels wide or high; `bytes` of JPEG."""

    photo_id: UUID
    compound: CompoundId
    width: int
    height: int
    bytes: int
    added_at: datetime

    @classmethod
    def of(cls, kept: KeptPhoto) -> Self:
        """The photo as it was answered the first time."""
        return cls(
            photo_id=kept.photo_id,
            compound=kept.compound,
            width=kept.width,
            height=kept.height,
            bytes=kept.bytes,
            added_at=kept.added_at,
        )


@router.post(
    "/v1/photos",
    status_code=201,
    summary="Send a photo",
    openapi_extra=file_form("A JPEG, PNG or WebP picture of at most 8 MB."),
)
async def send_photo(
    *,
    request: Request,
    photo_id: Annotated[UUID, Query(description="Made by the phone; makes a repeat harmless.")],
    compound: Annotated[CompoundId, Query(description="Where it was taken.")],
    who: Caller,
    context: InContext,
    response: Response,
) -> PhotoAnswer:
    """Keep a photo, to be named as proof of one round, finding or mending; place and camera are not kept.

    A photo that proves nothing after some hours is dropped. A repeat of id and content gets the first answer.
    """
    _, content = await uploaded_file(request)
    kept = await handlers.add_photo(
        AddPhoto(photo_id=photo_id, compound=compound, content=content),
        who=who,
        cause=cause(),
        database=context.database,
        vault=context.vault,
    )
    response.status_code = 201 if kept.fresh else 200
    return PhotoAnswer.of(kept)


@router.get(
    "/v1/photos/{photo_id}",
    summary="Look at a photo",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "The picture."}},
)
async def look_at_photo(photo_id: UUID, who: Caller, context: InContext) -> Response:
    """Give the picture; the reading is written down."""
    async with context.database.begin(actor=who.subject, cause=cause()) as tx:
        content = await handlers.read_photo(photo_id, role=roles_of(who), who=who, tx=tx, vault=context.vault)
    return Response(
        content,
        media_type="image/jpeg",
        headers={"Content-Security-Policy": "default-src 'none'; sandbox", "Content-Disposition": "inline"},
    )
