"""Puts sanitation together."""

from services.sanitation.access import ACCESS
from services.sanitation.api import imports, rounds, sites
from services.sanitation.imports.job import SiteImports
from services.sanitation.projections import CompoundCopy, PolicyCopy
from services.sanitation.store import rounds as rounds_store
from services.sanitation.store import sites as sites_store
from shared.runtime import Context, Service, Ticker


def build(_context: Context) -> Service:
    """Wire the service."""
    return Service(
        name="sanitation",
        title="Sanitation 消杀",
        routers=[imports.router, sites.router, rounds.router],
        access=ACCESS,
        rejections={**sites_store.REJECTIONS, **rounds_store.REJECTIONS},
        consumers=[CompoundCopy(), PolicyCopy()],
        tickers=[Ticker(name="site_imports", act=SiteImports().act)],
    )
