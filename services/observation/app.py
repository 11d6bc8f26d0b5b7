"""Puts observation together; only wiring."""

from services.observation import consumers, tickers
from services.observation.access import ACCESS, rate_limits
from services.observation.api import (
    batches,
    desk,
    entries,
    families,
    link_sheets,
    released,
    resident,
    staff,
)
from services.observation.projections import Places, PolicyVersions
from services.observation.store import cases, corrections, declarations, links
from services.observation.store import desk as desk_store
from services.observation.store import link_sheets as link_sheet_store
from shared.runtime import Context, Service


def build(context: Context) -> Service:
    """The service for a process. Raises `RuntimeError` without keys: health answers are never stored unsealed."""
    return Service(
        name="observation",
        title="Observation · 健康观察",
        routers=(
            staff.router,
            entries.router,
            batches.router,
            desk.router,
            link_sheets.router,
            released.router,
            resident.router,
            families.router,
        ),
        access=ACCESS,
        rate_limits=rate_limits(context.settings),
        rejections={
            **cases.REJECTIONS,
            **declarations.REJECTIONS,
            **corrections.REJECTIONS,
            **links.REJECTIONS,
            **desk_store.REJECTIONS,
            **link_sheet_store.REJECTIONS,
        },
        consumers=(
            PolicyVersions(),
            Places(),
            consumers.open_for_returnee(),
            consumers.contact_cards(context.vault, context.cards),
        ),
        tickers=(tickers.windows(),),
        authenticators={"Link": resident.link_authenticator(context.database)},
    )
