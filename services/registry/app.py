"""Puts the registry together; only wiring."""

from functools import partial

from services.registry import consumers
from services.registry.access import ACCESS, AFTER_CLOSING, READINGS, rate_limits
from services.registry.api import addresses as addresses_api
from services.registry.api import applications as applications_api
from services.registry.api import businesses as businesses_api
from services.registry.api import call_list as call_list_api
from services.registry.api import checkpoints as checkpoints_api
from services.registry.api import closing as closing_api
from services.registry.api import erasure as erasure_api
from services.registry.api import exports as exports_api
from services.registry.api import imports as imports_api
from services.registry.api import intake_tasks as intake_tasks_api
from services.registry.api import leads as leads_api
from services.registry.api import merges as merges_api
from services.registry.api import notices as notices_api
from services.registry.api import pass_keys as pass_keys_api
from services.registry.api import pass_life as pass_life_api
from services.registry.api import pass_paper as pass_paper_api
from services.registry.api import passes as passes_api
from services.registry.api import people as people_api
from services.registry.api import people_changes as people_changes_api
from services.registry.api import people_life as people_life_api
from services.registry.api import people_sheet as people_sheet_api
from services.registry.api import places as places_api
from services.registry.api import policy as policy_api
from services.registry.api import posts as posts_api
from services.registry.api import premises as premises_api
from services.registry.api import responsibility as responsibility_api
from services.registry.api import returnee_corrections as returnee_corrections_api
from services.registry.api import returnee_desk as returnee_desk_api
from services.registry.api import returnees as returnees_api
from services.registry.api import risk as risk_api
from services.registry.api import sheets as sheets_api
from services.registry.api import staff as staff_api
from services.registry.api import survey_conflicts as survey_conflicts_api
from services.registry.api import survey_forms as survey_forms_api
from services.registry.api import survey_links as survey_links_api
from services.registry.api import survey_offers as survey_offers_api
from services.registry.api import surveys as surveys_api
from services.registry.api import vehicles as vehicles_api
from services.registry.api import volunteers as volunteers_api
from services.registry.api import watch_files as watch_files_api
from services.registry.api import watch_lists as watch_lists_api
from services.registry.handlers import (
    checkpoints,
    closing,
    erasure,
    pass_keys,
    places,
    policy,
    postings,
    responsibility,
    retention,
    risk,
    second_acts,
)
from services.registry.handlers.exports import ExportRunner
from services.registry.handlers.imports import ImportRunner
from services.registry.handlers.kept_files import Sweeper
from services.registry.handlers.people import Keeper
from services.registry.pages import applications_public, leads_public, survey_public
from services.registry.pages.face import pages_of
from services.registry.pages.routers import ROUTERS
from services.registry.store import call_list as call_list_store
from services.registry.store import leads as lead_store
from services.registry.store import merges as merge_store
from services.registry.store import notices as notice_store
from services.registry.store import passes as pass_store
from services.registry.store import people as people_store
from services.registry.store import people_acts as people_act_store
from services.registry.store import people_holds as people_hold_store
from services.registry.store import returnees as returnee_store
from services.registry.store import survey_forms as survey_form_store
from services.registry.store import surveys as survey_store
from services.registry.store import vehicles as vehicle_store
from services.registry.tickers import counting
from shared import closing as closing_down
from shared.audit import api as audit_api
from shared.context import Context
from shared.db.closing import Closing
from shared.http import uploads
from shared.leader import Ticker, each_minute
from shared.pages import audit, second_person, sign_in, start, views
from shared.runtime import Service
from shared.second_person import api as second_person_api
from shared.second_person import requests


def build(context: Context) -> Service:
    """The service for a process.

    Raises:
        RuntimeError: it was given no keys; people are never stored unsealed.
    """
    keeper = Keeper(vault=context.vault, cards=context.cards)
    importing = ImportRunner(
        vault=context.vault, cards=context.cards, keep_hours=context.settings.rejected_rows_hours
    )
    ends = Closing(forget=erasure.forget_all, end=closing.end_links, spared=closing.spared)
    exporting = ExportRunner(vault=context.vault, keep_hours=context.settings.export_hours)
    return Service(
        name="registry",
        title="Registry · 人房登记",
        routers=(
            imports_api.router,
            exports_api.router,
            premises_api.router,
            checkpoints_api.router,
            places_api.router,
            addresses_api.router,
            businesses_api.router,
            sheets_api.router,
            staff_api.router,
            posts_api.router,
            volunteers_api.router,
            responsibility_api.router,
            people_api.router,
            people_changes_api.router,
            people_life_api.router,
            people_sheet_api.router,
            merges_api.router,
            erasure_api.router,
            closing_api.router,
            policy_api.router,
            risk_api.router,
            returnee_desk_api.router,
            returnees_api.router,
            returnee_corrections_api.router,
            passes_api.router,
            applications_api.router,
            vehicles_api.router,
            pass_life_api.router,
            pass_keys_api.router,
            pass_paper_api.router,
            watch_lists_api.router,
            watch_files_api.router,
            call_list_api.router,
            leads_api.router,
            notices_api.router,
            surveys_api.router,
            survey_forms_api.router,
            survey_offers_api.router,
            survey_conflicts_api.router,
            survey_links_api.router,
            intake_tasks_api.router,
            leads_public.router,
            applications_public.router,
            survey_public.entrance_router,
            survey_public.router,
            sign_in.router,
            start.router,
            audit.router,
            audit_api.router,
            second_person.router_of(second_acts.ACTS),
            second_person_api.router_of(second_acts.ACTS),
            views.router,
            *ROUTERS,
        ),
        access=ACCESS,
        pages=pages_of(context),
        authenticators={"Link": survey_links_api.link_authenticator(context.database)},
        rejections={
            **people_store.REJECTIONS,
            **places.REJECTIONS,
            **postings.REJECTIONS,
            **responsibility.REJECTIONS,
            **people_act_store.REJECTIONS,
            **people_hold_store.REJECTIONS,
            **merge_store.REJECTIONS,
            **returnee_store.REJECTIONS,
            **pass_store.REJECTIONS,
            **vehicle_store.REJECTIONS,
            **call_list_store.REJECTIONS,
            **lead_store.REJECTIONS,
            **notice_store.REJECTIONS,
            **survey_store.REJECTIONS,
            **survey_form_store.REJECTIONS,
        },
        consumers=(
            consumers.follow_observation(keeper),
            consumers.send_pickup_cards(keeper),
            consumers.suspend_on_fever(),
            consumers.follow_fevers(),
            consumers.open_intake_tasks(),
            consumers.keep_intake_answers(keeper),
            consumers.take_applications(keeper),
            closing_down.following("registry", context.keystore),
            closing.answers(),
        ),
        tickers=(
            requests.lapsing("registry", second_acts.ACTS),
            Ticker(name="registry.exports", act=exporting.act),
            Ticker(name="registry.imports", act=importing.act, every_seconds=0.25),
            Ticker(
                name="registry.pass_keys",
                act=partial(pass_keys.retire_unused, vault=context.vault),
            ),
            Ticker(name="registry.kept_files", act=Sweeper(vault=context.vault).act),
            Ticker(
                name=retention.NAME,
                act=partial(retention.forget_due, vault=context.vault),
            ),
            Ticker(
                name="registry.retention_texts",
                act=each_minute(partial(retention.forget_said, vault=context.vault)),
            ),
            Ticker(name="registry.temporary_gates", act=checkpoints.close_expired),
            counting(),
            closing_down.destroying("registry", context.keystore, context.own_vault, ends),
            Ticker(
                name=closing.NAME,
                act=partial(closing.certify, vault=context.vault),
                waited_for=False,
                after_closing=True,
            ),
        ),
        body_limits={
            "POST /v1/imports": uploads.MAX_BYTES,
            "POST /imports": uploads.MAX_BYTES,
            "POST /watch-lists/{list_id}": watch_lists_api.MAX_BYTES,
            "POST /v1/watch-lists/{list_id}/files": watch_lists_api.MAX_BYTES,
        },
        readings=READINGS,
        rate_limits=rate_limits(context.settings),
        forget=erasure.forget,
        closing=ends,
        after_closing=AFTER_CLOSING,
        prepare=(
            partial(policy.seed, context.database),
            partial(risk.load_figures, context.database),
            partial(pass_keys.ensure_key, context.database, context.vault),
        ),
    )
