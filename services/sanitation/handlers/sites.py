"""Sites: registered once, corrected with history."""

from dataclasses import replace

from services.sanitation.domain.sites import CompoundUnknown, Site, SiteCodeTaken
from services.sanitation.imports.job import announce
from services.sanitation.store import copies as copies_store
from services.sanitation.store import sites as sites_store
from shared.db.pool import Conn, Tx
from shared.http.access import Principal
from shared.kernel.ids import CompoundId, uuid7


async def require_compound(conn: Conn, who: Principal, compound: CompoundId) -> None:
    """Insist that the compound is known and the caller's.

    Raises:
        OutOfScope: no grant covers it.
        CompoundUnknown: the registry has not told of it.
    """
    neighbourhood = await copies_store.compound_place(conn, compound)
    who.require_compound(compound, neighbourhood=neighbourhood)
    if neighbourhood is None:
        raise CompoundUnknown("没有这个小区。There is no such compound.", field="compound")


async def register_site(
    site: Site, *, who: Principal, tx: Tx, day_given: bool
) -> tuple[sites_store.KnownSite, bool]:
    """Add a site; the code is its natural key, so the same again is answered alike. Says whether it is new.

    `day_given` is false where `site.since` is merely today: a repeat on the next day is still the same.

    Raises:
        SiteCodeTaken: the code is in use with other particulars.
    """
    await require_compound(tx, who, site.compound)
    await tx.fetch(copies_store.LOCK_COMPOUNDS, [site.compound])  # whoever adds sites here takes turns
    known = await sites_store.site_for_update(tx, site.code)
    if known is not None:
        if known.site != (site if day_given else replace(site, since=known.site.since)):
            raise SiteCodeTaken(
                "该点位编号已被使用，内容不同。The code is in use with other particulars.", field="code"
            )
        return known, False
    known = sites_store.KnownSite(site_id=uuid7(), version=1, registered_at=tx.now, site=site)
    await sites_store.add_sites(tx, [known])
    await announce(tx, known)
    return known, True
