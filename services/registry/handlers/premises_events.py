"""What the town is told of places: each as it stands at the end of the transaction, with its version."""

from collections.abc import Mapping, Sequence

from services.registry.domain.policy import PolicyVersion
from services.registry.domain.premises import Checkpoint
from services.registry.handlers.people_events import household_of
from services.registry.store import people as people_store
from services.registry.store import premises as store
from shared.db.pool import Tx
from shared.events.registry.places import AddressesRegistered, CheckpointOpened, CompoundRegistered


async def tell_compounds(tx: Tx, saved: Mapping[str, int], *, renamed: Sequence[str] = ()) -> None:
    """Tell of compounds that were saved with a version, and of all in neighbourhoods that are called otherwise now."""
    told = dict(saved) | (await store.bump_compounds(tx, renamed) if renamed else {})
    if not told:
        return
    compounds, around = await store.compounds(tx), await store.neighbourhoods(tx)
    for compound_id, version in sorted(told.items()):
        compound = compounds[compound_id]
        registered = CompoundRegistered(
            compound=compound.compound_id,
            name=compound.name,
            neighbourhood=compound.neighbourhood_id,
            neighbourhood_name=around[compound.neighbourhood_id].name,
            mode=compound.mode.value,
            area_m2=compound.area_m2,
        )
        await tx.publish(registered, version=version)


async def open_checkpoints(tx: Tx, places: Sequence[Checkpoint], policy: PolicyVersion) -> None:
    """Write checkpoints whose opening was decided, and publish it."""
    saved = await store.save_checkpoints(tx, places, policy_version=policy.version)
    for place in sorted(places, key=lambda place: place.checkpoint_id):
        policy_version, version = saved[place.checkpoint_id]
        opened = CheckpointOpened(
            checkpoint=place.checkpoint_id,
            compound=place.compound_id,
            name=place.name,
            policy_version=policy_version,
        )
        await tx.publish(opened, version=version)


async def tell_households(tx: Tx, *, fresh_and_empty: Sequence[object], changed: Sequence[object]) -> None:
    """Tell of households whose dwelling is new and stands empty, and of those whose dwelling was corrected."""
    told = sorted(changed, key=str)
    await tx.execute(people_store.BUMP_DWELLINGS, told)
    for row in await tx.fetch(people_store.HOUSEHOLDS, sorted([*fresh_and_empty, *told], key=str)):
        await tx.publish(household_of(row), version=row["version"])


async def tell_addresses(tx: Tx, grids: Sequence[str]) -> None:
    """Tell of grids whose number of dwellings has changed; counted with everyone else who adds some waiting."""
    if not grids:
        return
    await tx.fetch(store.LOCK_GRIDS, grids)
    await tx.execute(store.BUMP_GRIDS, grids)
    for row in await tx.fetch(store.ADDRESSES_OF_GRIDS, grids):
        counted = AddressesRegistered(
            grid=row["grid_id"], compound=row["compound_id"], dwellings=row["dwellings"]
        )
        await tx.publish(counted, version=row["version"])
