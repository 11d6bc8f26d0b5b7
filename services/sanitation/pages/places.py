"""Where a page is about: the caller's compounds, and the one that was chosen."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid5

from starlette.datastructures import UploadFile

from services.sanitation.api.common import cause
from services.sanitation.handlers import photos
from services.sanitation.handlers.photos import AddPhoto
from services.sanitation.handlers.sites import require_compound
from services.sanitation.store import copies as copies_store
from shared.context import Context
from shared.db.pool import Conn
from shared.http.access import Principal
from shared.kernel.ids import CompoundId

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The compounds that somebody may choose among, by code, and the chosen one; None as long as there is a choice."""

    names: Mapping[CompoundId, str]
    compound: CompoundId | None

    @property
    def name(self) -> str:
        """What people call the chosen compound."""
        return self.names.get(self.compound, self.compound) if self.compound else ""


async def place_of(conn: Conn, who: Principal, compound: CompoundId | None) -> Place:
    """The caller's compounds, and the one that was asked for; with a single one there is nothing to choose.

    Raises:
        OutOfScope, CompoundUnknown: see `require_compound`.
    """
    names = {
        CompoundId(row["compound"]): str(row["name"])
        for row in await copies_store.compounds(conn)
        if who.reaches(compound=row["compound"], neighbourhood=row["neighbourhood"])
    }
    if compound is not None:
        await require_compound(conn, who, compound)
    elif len(names) == 1:
        [compound] = names
    return Place(names=names, compound=compound)


async def keep_photo(
    photo: object, compound: CompoundId, *, proves: UUID, who: Principal, context: Context
) -> UUID | None:
    """Keep the photo of a form and tell its id; None where there is none.

    The id follows from what it proves and from the picture: the same form sent twice names the same photo.

    Raises:
        Refusal: what `add_photo` raises.
    """
    content = await photo.read() if isinstance(photo, UploadFile) and photo.filename else b""
    if not content:
        return None
    kept = await photos.add_photo(
        AddPhoto(
            photo_id=uuid5(proves, hashlib.sha256(content).hexdigest()), compound=compound, content=content
        ),
        who=who,
        cause=cause(),
        database=context.database,
        vault=context.vault,
    )
    return kept.photo_id
