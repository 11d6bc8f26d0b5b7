"""Puts observation together; only wiring."""

from services.observation import consumers, tickers
from services.observation.access import ACCESS, rate_limits
from services.observation.api import (
    batches,
    bulk,
    desk,
    doors,
    entries,
    escalations,
    exports,
    families,
    fevers,
    groups,
    link_sheets,
    messages,
    patterns,
    questionnaires,
    released,
    resident,
    risks,
    staff,
    worklists,
)
from services.observation.handlers.webhook import Outlets
from services.observation.projections import Households, Places, PolicyVersions, RiskLists
from services.observation.store import cases, corrections, declarations, links
from services.observation.store import desk as desk_store
from services.observation.store import doors as door_store
from services.observation.store import fevers as fever_store
from services.observation.store import groups as group_store
from services.observation.store import link_sheets as link_sheet_store
from services.observation.store import patterns as pattern_store
from shared.http import uploads
from shared.runtime import Context, Service


def build(context: Context) -> Service:
    """The service for a process. Raises `RuntimeError` without keys: health answers are never stored unsealed."""
    outlets = Outlets.of(context.settings)
    return Service(
        name="observation",
        title="Observation · 健康观察",
        routers=(
            staff.router,
            fevers.router,
            escalations.router,
            messages.router,
            doors.router,
            patterns.router,
            risks.router,
            entries.router,
            batches.router,
            questionnaires.router,
            worklists.router,
            desk.router,
            link_sheets.router,
            groups.router,
            bulk.router,
            exports.router,
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
            **door_store.REJECTIONS,
            **pattern_store.REJECTIONS,
            **group_store.REJECTIONS,
            **link_sheet_store.REJECTIONS,
            **fever_store.REJECTIONS,
        },
        consumers=(
            PolicyVersions(),
            Places(),
            Households(),
            RiskLists(),
            consumers.open_for_returnee(),
            consumers.follow_gate_fevers(context.vault),
            consumers.follow_lives(),
            consumers.contact_cards(context.vault, context.cards),
            consumers.erasures(context.vault),
        ),
        tickers=(
            tickers.windows(),
            tickers.ladder(context.vault, outlets),
            tickers.outgoing_messages(context.vault, outlets),
            tickers.doors(),
            tickers.patterns(context.vault),
            tickers.retention(),
            tickers.bulk_actions(context.vault, outlets),
            tickers.questionnaire_lists(context.vault),
        ),
        authenticators={
            "Link": resident.link_authenticator(context.database),
            "Door": doors.door_authenticator(context.database),
        },
        body_limits={"POST /v1/declaration-imports": uploads.MAX_BYTES},
    )
