"""The names under which gate seals and indexes: they are part of what is stored, so they never change."""

SURNAME = "card.surname"
HOMES = "card.homes"
DOCUMENT_INDEX = "card.document"
ROOM_INDEX = "card.room_surname"
CONTENT = "entry_check.content"
ANSWERS = "entry_check.answers"
