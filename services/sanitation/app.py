"""Puts sanitation together."""

from services.sanitation import api, store
from services.sanitation.access import ACCESS
from services.sanitation.imports.job import SiteImports
from services.sanitation.projections import CompoundCopy, PolicyCopy
from shared.runtime import Context, Service, Ticker


def build(_context: Context) -> Service:
    """Wire the service."""
    return Service(
        name="sanitation",
        title="Sanitation 消杀",
        routers=[api.router],
        access=ACCESS,
        rejections=store.REJECTIONS,
        consumers=[CompoundCopy(), PolicyCopy()],
        tickers=[Ticker(name="site_imports", act=SiteImports().act)],
    )
