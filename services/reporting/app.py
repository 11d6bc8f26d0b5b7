"""Puts reporting together."""

from services.reporting.access import ACCESS
from services.reporting.api import board, check_flags, outreach, overrides, responsibility, roll, sanitation
from services.reporting.projections import all_projections
from shared.runtime import Context, Service


def build(_context: Context) -> Service:
    """Wire the service."""
    return Service(
        name="reporting",
        title="Reporting 指挥部",
        routers=[
            outreach.router,
            board.router,
            roll.router,
            responsibility.router,
            overrides.router,
            check_flags.router,
            sanitation.router,
        ],
        access=ACCESS,
        consumers=all_projections(),
    )
