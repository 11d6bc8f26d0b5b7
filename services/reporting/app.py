"""Puts reporting together."""

from services.reporting import tickers
from services.reporting.access import ACCESS, AFTER_CLOSING
from services.reporting.api import (
    board,
    census,
    check_flags,
    daily_reports,
    exports,
    finding_bulletin,
    findings,
    outreach,
    overrides,
    responsibility,
    roll,
    sanitation,
    series,
    service_record,
    stream,
)
from services.reporting.pages import board as board_page
from services.reporting.pages import compounds as compound_pages
from services.reporting.pages import exports as export_pages
from services.reporting.pages import figures as figure_pages
from services.reporting.pages import findings as finding_pages
from services.reporting.pages import reports as report_pages
from services.reporting.pages import service_record as record_page
from services.reporting.pages.face import pages_of
from services.reporting.projections import all_projections
from services.reporting.store import findings as findings_store
from shared import closing
from shared.audit import api as audit_api
from shared.context import Context
from shared.db.closing import Closing
from shared.pages import audit, sign_in, start
from shared.runtime import Service


def build(context: Context) -> Service:
    """Wire the service."""
    ends = Closing()
    return Service(
        name="reporting",
        title="Reporting 指挥部",
        routers=[
            outreach.router,
            census.router,
            daily_reports.router,
            exports.router,
            stream.stream_of(context),
            series.router,
            board.router,  # last of the board's own: /v1/board/{compound} would take their names for a compound's
            roll.router,
            responsibility.router,
            overrides.router,
            check_flags.router,
            sanitation.router,
            findings.router,
            service_record.router,
            finding_bulletin.router,
            sign_in.router,
            start.router,
            audit.router,
            audit_api.router,
            board_page.router,
            figure_pages.router,
            compound_pages.router,
            report_pages.router,
            finding_pages.router,
            record_page.router,
            export_pages.router,
        ],
        access=ACCESS,
        rejections=findings_store.REJECTIONS,
        pages=pages_of(context),
        closing=ends,
        after_closing=AFTER_CLOSING,
        consumers=[*all_projections(), closing.following("reporting", context.keystore)],
        tickers=[
            tickers.finding(),
            tickers.reporting(),
            tickers.exporting(context),
            tickers.counting(),
            tickers.forgetting(context),
            closing.destroying("reporting", context.keystore, context.own_vault, ends),
        ],
    )
