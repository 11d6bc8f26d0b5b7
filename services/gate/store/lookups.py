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
OLD_CARDS = """
select c.person_ref, c.found_by_sealed from subject_card c
where c.person_ref > $2 and c.found_by_sealed is not null and exists (select from card_index i
    where i.person_ref = c.person_ref and substring(i.index_value from 1 for length($1::bytea)) <> $1)
order by c.person_ref limit $3 for update
"""
# Whoever looks sees the values from before or those from after: each is asked for under every key.
NEW_CARD = """
with gone as (delete from card_index where person_ref = $1 and index_value <> all($2::bytea[]))
insert into card_index (index_value, person_ref) select value, $1 from unnest($2::bytea[]) as value
on conflict do nothing
"""
