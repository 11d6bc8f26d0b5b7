"""Puts the gate together; nothing else happens here."""

from functools import partial

from services.gate import desk
from services.gate.access import ACCESS, caller_rates, rate_limits
from services.gate.api import (
    afterwards,
    arrivals,
    checks,
    device_health,
    devices,
    duty,
    lists,
    page,
    paper,
    quarantine,
    roster,
    vehicles,
)
from services.gate.api.contract import DESCRIPTION
from services.gate.consumers import Flags, erasures
from services.gate.handlers import devices as device_handlers
from services.gate.handlers import erasure
from services.gate.handlers.lists import ensure_key
from services.gate.projections.cards import Cards
from services.gate.projections.cases import Cases
from services.gate.projections.merges import Merges
from services.gate.projections.passes import Passes
from services.gate.projections.reports import Reports, RiskAreas
from services.gate.projections.town import Policy, Town, Workers
from services.gate.projections.vehicles import VehiclePasses
from services.gate.store import afterwards as afterwards_store
from services.gate.store import devices as device_store
from services.gate.store import duty as duty_store
from services.gate.store import paper as paper_store
from services.gate.store import roster as roster_store
from services.gate.tickers import device_figures, duty_watch, forgetting
from shared import closing
from shared.audit import api as audit_api
from shared.context import Context
from shared.db.closing import Closing
from shared.runtime import Service


def build(context: Context) -> Service:
    """The gate as the runtime runs it."""
    ends = Closing(forget=erasure.forget, end=device_handlers.revoke_all)
    return Service(
        name="gate",
        title="Gate · 卡口查验",
        description=DESCRIPTION,
        routers=(
            checks.router,
            devices.router,
            device_health.router,
            lists.router,
            quarantine.router,
            duty.router,
            roster.router,
            vehicles.router,
            arrivals.router,
            afterwards.router,
            paper.router,
            page.router,
            audit_api.router,
        ),
        access=ACCESS,
        rate_limits=rate_limits(context.settings),
        caller_rates=caller_rates(context.settings),
        rejections={
            **device_store.REJECTIONS,
            **duty_store.REJECTIONS,
            **roster_store.REJECTIONS,
            **afterwards_store.REJECTIONS,
            **paper_store.REJECTIONS,
        },
        consumers=(
            Town(),
            Workers(),
            Policy(),
            Passes(),
            Cases(),
            Merges(),
            Cards(context),
            VehiclePasses(),
            RiskAreas(),
            Reports(),
            Flags(),
            erasures(context.vault),
            closing.following("gate", context.keystore),
        ),
        tickers=(
            duty_watch(),
            forgetting(),
            device_figures(),
            closing.destroying("gate", context.keystore, context.own_vault, ends),
        ),
        authenticators={"Device": desk.authenticate},
        recognisers={"Device": desk.recognise},
        forget=erasure.forget,
        closing=ends,
        after_closing=frozenset(audit_api.ACCESS),
        prepare=(partial(ensure_key, context.database, context.vault),),
    )
