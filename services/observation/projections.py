"""Copies that this service keeps of the registry's facts."""

from services.observation.store import cases, copies, fevers, households, risks
from shared.bus.projection import EventBatch, Projection
from shared.db.pool import Tx
from shared.events.registry.people import HouseholdChanged
from shared.events.registry.places import CompoundRegistered
from shared.events.registry.rules import PolicyRevised, RiskAreasRevised


class PolicyVersions(Projection, name="observation.policy", version=1, reads=(PolicyRevised,)):
    """Every policy version: rules are read for the day they apply to (R1.2)."""

    tables = ("policy_version",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Keep the versions, and have the cases looked at again: their windows may have moved."""
        if revisions := batch.of(PolicyRevised):
            await copies.keep_policies(tx, revisions)
            await cases.look_again(tx)


class Places(Projection, name="observation.places", version=2, reads=(CompoundRegistered,)):
    """What a compound is called and which neighbourhood it belongs to: a clerk of that reaches its cases."""

    tables = ("compound_place",)

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Keep the newest entry of each compound."""
        newest = {event.compound: event for event in batch.of(CompoundRegistered)}
        await copies.keep_places(tx, list(newest.values()))


class Households(Projection, name="observation.households", version=1, reads=(HouseholdChanged,)):
    """Who lives where, by pseudonym, and in which grid.

    A confirmed case reaches everybody at the same dwelling (O9), and cases go with a dwelling into another grid.
    """

    tables = ("household_member", "household")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Keep the newest state of each household."""
        newest = {event.dwelling_id: event for event in batch.of(HouseholdChanged)}
        if newest:
            await households.keep(tx, newest.values())
            await cases.follow_grids(tx, list(newest))
            await fevers.follow_grids(tx, list(newest))


class RiskLists(Projection, name="observation.risk_lists", version=1, reads=(RiskAreasRevised,)):
    """Dated lists of risk areas: open cases are held against each once, when it is in effect (R4.8, O8)."""

    tables = ("risk_proposal", "risk_list")

    async def write(self, tx: Tx, batch: EventBatch) -> None:
        """Keep the lists; the ticker does the rest."""
        if revisions := batch.of(RiskAreasRevised):
            await risks.keep_list(tx, revisions)
