"""Puts sanitation together."""

from services.sanitation import tickers
from services.sanitation.access import ACCESS
from services.sanitation.api import closures, day_sheets, figures, imports, rounds, site_sheets, sites
from services.sanitation.imports.job import SiteImports
from services.sanitation.projections import CompoundCopy, PolicyCopy
from services.sanitation.store import duty as duty_store
from services.sanitation.store import rounds as rounds_store
from services.sanitation.store import sites as sites_store
from shared.runtime import Context, Service, Ticker


def build(_context: Context) -> Service:
    """Wire the service."""
    return Service(
        name="sanitation",
        title="Sanitation 消杀",
        routers=[
            imports.router,
            sites.router,
            closures.router,
            site_sheets.router,
            rounds.router,
            day_sheets.router,
            figures.router,
        ],
        access=ACCESS,
        rejections={**sites_store.REJECTIONS, **duty_store.REJECTIONS, **rounds_store.REJECTIONS},
        consumers=[CompoundCopy(), PolicyCopy()],
        tickers=[Ticker(name="site_imports", act=SiteImports().act), tickers.closing()],
    )
