"""Cards whose lookup values an older index key made, and the values made anew."""

OLD_CONTACTS = """
select person_ref, name_sealed, phone_sealed, documents_sealed, documents_index, name_phone_index from contact_card
where person_ref > $2 and (substring(name_phone_index from 1 for length($1::bytea)) <> $1
  or (documents_sealed is not null and exists (select from unnest(documents_index) as value
    where substring(value from 1 for length($1::bytea)) <> $1)))
order by person_ref limit $3 for update
"""
NEW_CONTACT = "update contact_card set documents_index = $2, name_phone_index = $3 where person_ref = $1"
