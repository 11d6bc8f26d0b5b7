"""Lists of sites."""

import hashlib
from typing import Literal
from uuid import UUID

from services.sanitation.imports.site_rows import REQUIRED
from services.sanitation.store import imports as imports_store
from shared.db.pool import Tx
from shared.http.problem import Unavailable
from shared.kernel import sheets
from shared.kernel.ids import uuid7


async def accept_import(tx: Tx, *, rows: int, content: bytes, file: str, kind: Literal["sites"]) -> UUID:
    """Take a readable file for later work; a file that is being worked on already is the same import."""
    digest = hashlib.sha256(content).hexdigest()
    import_id = await tx.fetchval(
        imports_store.ADD_IMPORT, uuid7(), kind, file, digest, content, rows, tx.actor, tx.now
    )
    if import_id is None:
        import_id = await tx.fetchval(imports_store.RUNNING_IMPORT, kind, digest)
    if import_id is None:  # it was finished at this very moment
        raise Unavailable(retry_after=1)
    found: UUID = import_id
    return found


def readable_rows(content: bytes) -> int:
    """Count the rows of an uploaded list, or refuse it here and now.

    Raises:
        FileUnreadable: not a list of sites.
    """
    return len(sheets.read(content, required=REQUIRED))
