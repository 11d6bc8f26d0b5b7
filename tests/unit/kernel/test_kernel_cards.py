"""Cards open for their recipient only, also across a change of keys."""

import json
import os
from base64 import b64encode, urlsafe_b64decode
from pathlib import Path
from uuid import UUID

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey

from shared.kernel.cards import CardKeys, CardTamperedError, UnknownCardKeyError, UnknownRecipientError
from shared.kernel.secrets import KeyRing

OLD, NEW, OTHER = (os.urandom(32) for _ in range(3))
REF = UUID("018f0000-0000-7000-8000-000000000001")
SENDER = CardKeys({"gate": KeyRing("c1", {"c1": OLD}), "observation": KeyRing("c1", {"c1": OTHER})})


def test_a_card_opens_for_its_recipient() -> None:
    card = SENDER.seal_card("gate", {"person_ref": REF, "surname": "张", "vehicles": []})
    assert SENDER.open_card("gate", card) == {"person_ref": str(REF), "surname": "张", "vehicles": []}
    assert "张" not in card


def test_a_card_is_a_standard_jwe() -> None:
    card = SENDER.seal_card("gate", {"room": "3-201"})
    assert json.loads(urlsafe_b64decode(card.split(".", maxsplit=1)[0] + "==")) == {
        "alg": "dir",
        "enc": "A256GCM",
        "kid": "c1",
    }
    opened = jwe.decrypt_compact(card, OctKey.import_key(OLD), algorithms=["dir", "A256GCM"])
    assert json.loads(opened.plaintext or b"") == {"room": "3-201"}


def test_after_rotation_new_cards_use_the_new_key_and_old_ones_still_open() -> None:
    old_card = SENDER.seal_card("gate", {"n": 1})
    rotated = CardKeys({"gate": KeyRing("c2", {"c1": OLD, "c2": NEW})})
    assert rotated.open_card("gate", old_card) == {"n": 1}
    new_card = rotated.seal_card("gate", {"n": 2})
    with pytest.raises(UnknownCardKeyError):
        SENDER.open_card("gate", new_card)


def test_another_recipient_cannot_open_it() -> None:
    card = SENDER.seal_card("gate", {"n": 1})
    with pytest.raises(CardTamperedError):
        SENDER.open_card("observation", card)
    for act in (lambda: SENDER.open_card("reporting", card), lambda: SENDER.seal_card("reporting", {})):
        with pytest.raises(UnknownRecipientError):
            act()


@pytest.mark.parametrize("part", range(5))
def test_a_card_with_any_part_changed_does_not_open(part: int) -> None:
    parts = SENDER.seal_card("gate", {"n": 1}).split(".")
    parts[part] = "AAAA" if not parts[part] else ("B" if parts[part][0] != "B" else "C") + parts[part][1:]
    with pytest.raises((CardTamperedError, UnknownCardKeyError)):
        SENDER.open_card("gate", ".".join(parts))


@pytest.mark.parametrize(
    "token", ["", "a", "a.b.c.d.e", "....", "张.三.李.四.王", "e30.e30.e30.e30.e30", "x" * 100_000]
)
def test_what_is_no_card_is_a_typed_error(token: str) -> None:
    with pytest.raises((CardTamperedError, UnknownCardKeyError)):
        SENDER.open_card("gate", token)


@pytest.mark.parametrize(
    "header", [{"alg": "A256KW"}, {"alg": "none"}, {"enc": "A128GCM"}, {"kid": ["c1"]}, {"zip": "DEF"}]
)
def test_a_header_that_asks_for_another_method_is_refused(header: dict[str, object]) -> None:
    whole = {"alg": "dir", "enc": "A256GCM", "kid": "c1", **header}
    _, *rest = SENDER.seal_card("gate", {"n": 1}).split(".")
    head = b64encode(json.dumps(whole).encode(), altchars=b"-_").rstrip(b"=").decode()
    with pytest.raises((CardTamperedError, UnknownCardKeyError)):
        SENDER.open_card("gate", ".".join([head, *rest]))


def test_keys_load_from_the_file_of_a_service(tmp_path: Path) -> None:
    path = tmp_path / "cards.json"
    path.write_text(json.dumps({"gate": {"current": "c1", "keys": {"c1": b64encode(OLD).decode()}}}))
    assert CardKeys.load(path).open_card("gate", SENDER.seal_card("gate", {"n": 1})) == {"n": 1}
