-- migrate:up

-- Numbers of documents, sealed and never shown: their lookup values are made anew of them when the index key is exchanged.
-- Null: there is none, or the card is of a time before this was kept.
alter table contact_card add column documents_sealed bytea;

-- migrate:down
alter table contact_card drop column documents_sealed;
