"""Puts the gate together; nothing else happens here."""

from functools import partial

from services.gate import desk
from services.gate.access import ACCESS
from services.gate.api import checks, device_health, devices, lists, quarantine
from services.gate.handlers.lists import ensure_key
from services.gate.projections import Cards, Cases, Passes, Policy, Town
from services.gate.store.devices import REJECTIONS
from shared.runtime import Context, Service


def build(context: Context) -> Service:
    """The gate as the runtime runs it."""
    return Service(
        name="gate",
        title="Gate · 卡口查验",
        routers=(checks.router, devices.router, device_health.router, lists.router, quarantine.router),
        access=ACCESS,
        rejections=REJECTIONS,
        consumers=(Town(), Policy(), Passes(), Cases(), Cards(context)),
        authenticators={"Device": desk.authenticate},
        prepare=(partial(ensure_key, context.database, context.vault),),
    )
