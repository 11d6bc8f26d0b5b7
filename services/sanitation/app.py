"""Puts sanitation together; only wiring."""

from services.sanitation import consumers, tickers
from services.sanitation.access import ACCESS, rate_limits
from services.sanitation.api import (
    batches,
    closures,
    day_sheets,
    figures,
    imports,
    inspections,
    mask_bins,
    orders,
    photos,
    pickups,
    property_record,
    reports,
    rounds,
    site_sheets,
    sites,
    spot_checks,
    ventilations,
    venues,
    work_sheets,
)
from services.sanitation.domain.images import MAX_BYTES
from services.sanitation.imports.job import SiteImports
from services.sanitation.projections import CheckpointCopy, CompoundCopy, PolicyCopy
from services.sanitation.store import duty as duty_store
from services.sanitation.store import inspections as inspections_store
from services.sanitation.store import mask_bins as mask_bins_store
from services.sanitation.store import orders as orders_store
from services.sanitation.store import photos as photos_store
from services.sanitation.store import pickups as pickups_store
from services.sanitation.store import reports as reports_store
from services.sanitation.store import rounds as rounds_store
from services.sanitation.store import sites as sites_store
from services.sanitation.store import ventilation as ventilation_store
from services.sanitation.store import venues as venues_store
from shared.leader import Ticker
from shared.runtime import Context, Service


def build(context: Context) -> Service:
    """The service for a process. Raises `RuntimeError` without keys: rooms and reasons are never stored unsealed."""
    return Service(
        name="sanitation",
        title="Sanitation 消杀",
        routers=[
            imports.router,
            sites.router,
            closures.router,
            site_sheets.router,
            rounds.router,
            ventilations.router,
            day_sheets.router,
            figures.router,
            work_sheets.router,
            pickups.router,
            mask_bins.router,
            batches.router,
            photos.router,
            venues.router,
            inspections.router,
            orders.router,
            spot_checks.router,
            reports.router,
            property_record.router,
        ],
        access=ACCESS,
        rejections={
            **sites_store.REJECTIONS,
            **duty_store.REJECTIONS,
            **rounds_store.REJECTIONS,
            **ventilation_store.REJECTIONS,
            **pickups_store.REJECTIONS,
            **mask_bins_store.REJECTIONS,
            **photos_store.REJECTIONS,
            **venues_store.REJECTIONS,
            **inspections_store.REJECTIONS,
            **orders_store.REJECTIONS,
            **reports_store.REJECTIONS,
        },
        consumers=[
            CompoundCopy(),
            CheckpointCopy(),
            PolicyCopy(),
            consumers.follow_quarantines(),
            consumers.room_cards(context.vault, context.cards),
            consumers.erasures(context.vault),
        ],
        tickers=[
            Ticker(name="site_imports", act=SiteImports().act),
            tickers.closing(),
            tickers.fetching(),
            tickers.letting_go(context.vault),
            tickers.supervising(),
        ],
        body_limits={"POST /v1/photos": MAX_BYTES},
        rate_limits=rate_limits(context.settings),
    )
