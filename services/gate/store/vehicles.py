"""Vehicle checks, and gate's copy of vehicle passes and plates (R2.3)."""

from typing import Any
from uuid import UUID

from services.gate.domain.entry import PassState
from services.gate.domain.vehicles import KnownVehiclePass
from shared.db.pool import Conn

BY_ID = """
select vehicle_pass_id, serial, vehicle_ref, compound, state, valid_from, valid_until
from vehicle_pass where vehicle_pass_id = $1
"""
BY_NUMBER = """
select vehicle_pass_id, serial, vehicle_ref, compound, state, valid_from, valid_until
from vehicle_pass where number = $1 order by state = 'active' desc, valid_until desc limit 1
"""
# Of a vehicle without a pass in hand the best one: of this compound before others, active, the longest valid.
BEST_OF_VEHICLE = """
select vehicle_pass_id, serial, vehicle_ref, compound, state, valid_from, valid_until
from vehicle_pass where vehicle_ref = any($1::uuid[])
order by compound = $2 desc, state = 'active' desc, valid_until desc limit 1
"""
VEHICLES_OF_PLATE = "select vehicle_ref, person_ref from vehicle_plate where plate_index = any($1::bytea[])"
PLATES_OF_VEHICLE = "select plate_index, person_ref, plate_sealed from vehicle_plate where vehicle_ref = $1"
# A check that was corrected stands for nobody any more: its correction does. And nobody is two of the occupants: of
# several checks of one person the last one counts.
CHECKS_NAMED = """
select distinct on (coalesce(e.person_ref, e.check_id))
  e.check_id, e.verdict, e.happened_at, o.check_id is not null as overridden
from entry_check e left join check_override o on o.check_id = e.check_id
where e.check_id = any($1::uuid[]) and e.checkpoint = $2 and e.direction = $3
  and not exists (select from check_correction k where k.corrects = e.check_id)
order by coalesce(e.person_ref, e.check_id), e.received_at desc, e.seq desc
"""
FIRST_ANSWER = """
select check_id, verdict, reasons, emergency, device_at, received_at, offline, policy_version, content, vehicle_ref
from vehicle_check where check_id = $1
"""
ADD_CHECK = """
insert into vehicle_check (check_id, device_id, seq, compound, checkpoint, direction, vehicle_ref, vehicle_pass_id,
  emergency, occupants, occupant_checks, boot_opened, verdict, reasons, offline, policy_version, device_at, happened_at,
  time_trusted, received_at, content)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
on conflict (check_id) do nothing returning check_id
"""
ADD_READ = """
insert into audit_read (at, actor, role, action, person_ref, scope, correlation_id)
values ($1, $2, 'device', 'gate.vehicle_check', $3, $4, $5)
"""

KEEP_PASSES = """
insert into vehicle_pass
  (vehicle_pass_id, number, serial, vehicle_ref, compound, valid_from, valid_until, state, version)
select vehicle_pass_id, number, serial, vehicle_ref, compound, valid_from, valid_until, state, version
from unnest($1::uuid[], $2::text[], $3::int[], $4::uuid[], $5::text[], $6::timestamptz[], $7::timestamptz[],
  $8::text[], $9::int[])
  as p (vehicle_pass_id, number, serial, vehicle_ref, compound, valid_from, valid_until, state, version)
on conflict (vehicle_pass_id) do update
set number = excluded.number, serial = excluded.serial, vehicle_ref = excluded.vehicle_ref,
  compound = excluded.compound, valid_from = excluded.valid_from, valid_until = excluded.valid_until,
  state = excluded.state, version = excluded.version
where vehicle_pass.version < excluded.version
"""
TURN_PASSES = """
update vehicle_pass p set state = n.state, version = n.version
from unnest($1::uuid[], $2::text[], $3::int[]) as n (vehicle_pass_id, state, version)
where p.vehicle_pass_id = n.vehicle_pass_id and p.version < n.version
"""
PASSES_HELD = "select vehicle_pass_id from vehicle_pass where vehicle_pass_id = any($1::uuid[])"
DROP_PLATES = "delete from vehicle_plate where person_ref = any($1::uuid[])"
KEEP_PLATES = """
insert into vehicle_plate (plate_index, vehicle_ref, person_ref, plate_sealed)
select plate_index, vehicle_ref, person_ref, plate_sealed
from unnest($1::bytea[], $2::uuid[], $3::uuid[], $4::bytea[])
  as v (plate_index, vehicle_ref, person_ref, plate_sealed)
order by plate_index, vehicle_ref
on conflict do nothing
"""


async def pass_shown(conn: Conn, *, pass_id: UUID | None, number: str | None) -> KnownVehiclePass | None:
    """The vehicle pass that was scanned or typed, if gate knows it."""
    if pass_id is not None:
        return known_pass(await conn.fetchrow(BY_ID, pass_id))
    return known_pass(await conn.fetchrow(BY_NUMBER, number)) if number else None


def known_pass(row: Any) -> KnownVehiclePass | None:
    """A row as a pass."""
    if row is None:
        return None
    return KnownVehiclePass(
        vehicle_pass_id=row["vehicle_pass_id"],
        serial=row["serial"],
        vehicle_ref=row["vehicle_ref"],
        compound=row["compound"],
        state=PassState(row["state"]),
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
    )
