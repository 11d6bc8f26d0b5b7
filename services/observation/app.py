"""Puts observation together; only wiring."""

from services.observation import consumers, tickers
from services.observation.access import ACCESS
from services.observation.api import batches, entries, families, resident, staff
from services.observation.projections import Places, PolicyVersions
from services.observation.store import cases, corrections, declarations, links
from shared.runtime import Context, Service


def build(context: Context) -> Service:
    """The service for a process. Raises `RuntimeError` without keys: health answers are never stored unsealed."""
    return Service(
        name="observation",
        title="Observation · 健康观察",
        routers=(staff.router, entries.router, batches.router, resident.router, families.router),
        access=ACCESS,
        rejections={
            **cases.REJECTIONS,
            **declarations.REJECTIONS,
            **corrections.REJECTIONS,
            **links.REJECTIONS,
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
