"""Puts observation together; only wiring."""

from services.observation import consumers, tickers
from services.observation.access import ACCESS, rate_limits
from services.observation.api import (
    batches,
    bulk,
    contacts,
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
from services.observation.handlers import erasure
from services.observation.handlers.bulk import ACTS
from services.observation.handlers.webhook import Outlets
from services.observation.pages import declare, declare_correction
from services.observation.pages import desk as desk_pages
from services.observation.pages.face import pages_of
from services.observation.projections import Households, Places, PolicyVersions, RiskLists
from services.observation.store import cases, corrections, declarations, links
from services.observation.store import desk as desk_store
from services.observation.store import doors as door_store
from services.observation.store import fevers as fever_store
from services.observation.store import groups as group_store
from services.observation.store import link_sheets as link_sheet_store
from services.observation.store import patterns as pattern_store
from shared import closing
from shared.audit import api as audit_api
from shared.context import Context
from shared.db.closing import Closing
from shared.http import uploads
from shared.pages import audit, second_person, sign_in, start
from shared.runtime import Service
from shared.second_person import api as second_person_api
from shared.second_person import requests


def build(context: Context) -> Service:
    """The service for a process. Raises `RuntimeError` without keys: health answers are never stored unsealed."""
    outlets = Outlets.of(context.settings)
    ends = Closing(forget=erasure.forget, end=erasure.end_links)
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
            contacts.router,
            link_sheets.router,
            groups.router,
            bulk.router,
            exports.router,
            released.router,
            resident.router,
            families.router,
            *desk_pages.ROUTERS,
            declare.entrance_router,
            declare.public_router,
            declare.router,
            declare_correction.router,
            sign_in.router,
            start.router,
            audit.router,
            audit_api.router,
            second_person.router_of(ACTS),
            second_person_api.router_of(ACTS),
        ),
        access=ACCESS,
        pages=pages_of(context),
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
            closing.following("observation", context.keystore),
        ),
        tickers=(
            requests.lapsing("observation", ACTS),
            tickers.windows(),
            tickers.counting(),
            tickers.ladder(context.vault, outlets),
            tickers.outgoing_messages(context.vault, outlets),
            tickers.doors(),
            tickers.patterns(context.vault),
            tickers.retention(),
            tickers.bulk_actions(context.vault, outlets),
            tickers.questionnaire_lists(context.vault),
            closing.destroying("observation", context.keystore, context.own_vault, ends),
        ),
        authenticators={
            "Link": resident.link_authenticator(context.database),
            "Door": doors.door_authenticator(context.database),
        },
        forget=erasure.forget,
        closing=ends,
        after_closing=frozenset({*sign_in.ACCESS, *start.ACCESS, *audit.ACCESS}),
        body_limits={
            "POST /v1/declaration-imports": uploads.MAX_BYTES,
            "POST /exchange/imports": uploads.MAX_BYTES,
        },
    )
