"""Rows whose lookup values an older index key made, and the values made anew."""

OLD_PEOPLE = """
select person_ref, name_sealed, phone_sealed, phone_index from person
where person_ref > $2 and (substring(name_index from 1 for length($1::bytea)) <> $1
  or substring(phone_index from 1 for length($1::bytea)) <> $1)
order by person_ref limit $3 for update
"""
NEW_PEOPLE = "update person set name_index = $2, phone_index = $3 where person_ref = $1"

# A person's documents are few: whoever is at the limit's edge has all of them in one batch or the next.
OLD_DOCUMENTS = """
select person_ref, kind, number_index, number_sealed from person_document
where person_ref in (select distinct person_ref from person_document
    where person_ref > $2 and substring(number_index from 1 for length($1::bytea)) <> $1
    order by person_ref limit $3)
  and substring(number_index from 1 for length($1::bytea)) <> $1
order by person_ref, kind, number_index for update
"""
NEW_DOCUMENT = """
update person_document set number_index = $4 where person_ref = $1 and kind = $2 and number_index = $3
"""

OLD_RESIDENCES = """
select r.person_ref, r.dwelling_id, p.name_sealed, p.born_sealed from residence r join person p using (person_ref)
where r.person_ref in (select distinct person_ref from residence
    where person_ref > $2 and (substring(surname_index from 1 for length($1::bytea)) <> $1
      or substring(identity_index from 1 for length($1::bytea)) <> $1)
    order by person_ref limit $3)
order by r.person_ref, r.dwelling_id for update of r
"""
NEW_RESIDENCE = """
update residence set surname_index = $3, identity_index = $4 where person_ref = $1 and dwelling_id = $2
"""

OLD_VEHICLES = """
select person_ref, vehicle_ref, plate_sealed from vehicle
where person_ref in (select distinct person_ref from vehicle
    where person_ref > $2 and substring(plate_index from 1 for length($1::bytea)) <> $1
    order by person_ref limit $3)
  and substring(plate_index from 1 for length($1::bytea)) <> $1
order by person_ref, vehicle_ref for update
"""
NEW_VEHICLE = "update vehicle set plate_index = $2 where vehicle_ref = $1"

OLD_LEADS = """
select key_ref as person_ref, lead_id, receipt_sealed from lead
where key_ref > $2 and substring(receipt_index from 1 for length($1::bytea)) <> $1
order by key_ref limit $3 for update
"""
NEW_LEAD = "update lead set receipt_index = $2 where lead_id = $1"

OLD_APPLICATIONS = """
select key_ref as person_ref, application_id, receipt_sealed from pass_application
where key_ref > $2 and substring(receipt_index from 1 for length($1::bytea)) <> $1
order by key_ref limit $3 for update
"""
NEW_APPLICATION = "update pass_application set receipt_index = $2 where application_id = $1"

OLD_CALLS = """
select entry_id as person_ref, name_sealed, phone_sealed from call_entry
where entry_id > $2 and (substring(name_index from 1 for length($1::bytea)) <> $1
  or substring(phone_index from 1 for length($1::bytea)) <> $1)
order by entry_id limit $3 for update
"""
NEW_CALL = "update call_entry set name_index = $2, phone_index = $3 where entry_id = $1"
