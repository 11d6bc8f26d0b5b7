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
from services.sanitation.handlers import rooms
from services.sanitation.imports.job import SiteImports
from services.sanitation.pages import book as book_pages
from services.sanitation.pages import figures as figure_pages
from services.sanitation.pages import inspect as inspect_pages
from services.sanitation.pages import offline as offline_pages
from services.sanitation.pages import orders as order_pages
from services.sanitation.pages import pickups as pickup_pages
from services.sanitation.pages import sheet as sheet_pages
from services.sanitation.pages import sites as site_pages
from services.sanitation.pages import venues as venue_pages
from services.sanitation.pages.face import pages_of
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
from shared import closing
from shared.audit import api as audit_api
from shared.context import Context
from shared.db.closing import Closing
from shared.leader import Ticker
from shared.pages import audit, sign_in, start
from shared.runtime import Service


def build(context: Context) -> Service:
    """The service for a process. Raises `RuntimeError` without keys: rooms and reasons are never stored unsealed."""
    ends = Closing(forget=rooms.forget)
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
            offline_pages.router,
            sheet_pages.router,
            pickup_pages.router,
            inspect_pages.router,
            order_pages.router,
            site_pages.router,
            venue_pages.router,
            figure_pages.router,
            book_pages.router,
            sign_in.router,
            start.router,
            audit.router,
            audit_api.router,
        ],
        access=ACCESS,
        pages=pages_of(context),
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
            closing.following("sanitation", context.keystore),
        ],
        tickers=[
            Ticker(name="site_imports", act=SiteImports().act),
            tickers.closing(),
            tickers.counting(),
            tickers.fetching(),
            tickers.letting_go(context.vault),
            tickers.forgetting(),
            tickers.supervising(),
            closing.destroying("sanitation", context.keystore, context.own_vault, ends),
        ],
        forget=rooms.forget,
        closing=ends,
        after_closing=frozenset({*sign_in.ACCESS, *start.ACCESS, *audit.ACCESS}),
        body_limits={
            "POST /v1/photos": MAX_BYTES,
            "POST /sheet/rounds": MAX_BYTES,
            "POST /spot-checks/{round_id}": MAX_BYTES,
            "POST /orders": MAX_BYTES,
            "POST /orders/{order_id}": MAX_BYTES,
            "POST /inspect": 2 * MAX_BYTES,
        },
        rate_limits=rate_limits(context.settings),
    )
