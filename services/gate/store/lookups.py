"""Rows whose lookup values an older index key made, and the values made anew."""

OLD_PLATES = """
select person_ref, vehicle_ref, plate_index, plate_sealed from vehicle_plate
where person_ref in (select distinct person_ref from vehicle_plate
    where person_ref > $2 and substring(plate_index from 1 for length($1::bytea)) <> $1
    order by person_ref limit $3)
  and substring(plate_index from 1 for length($1::bytea)) <> $1
order by person_ref, vehicle_ref, plate_index for update
"""
NEW_PLATE = """
update vehicle_plate set plate_index = $4 where person_ref = $1 and vehicle_ref = $2 and plate_index = $3
"""
