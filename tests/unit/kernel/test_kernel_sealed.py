"""Sealed values open for their person, field and key only."""

import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from shared.kernel.masters import MasterKeys, SealError, TamperedError, UnknownKeyError
from shared.kernel.sealed import PersonKey, PersonKeyMissingError, PersonKeys, Vault
from shared.kernel.secrets import KeyFileError, KeyRing

REF = UUID("018f0000-0000-7000-8000-000000000001")
KEY = PersonKey.of(REF, b"k" * 32)


@pytest.mark.parametrize("text", ["张小明", "", "00000019900101123X", "a" * 10_000, "\n\t😷"])
def test_a_sealed_value_opens(text: str) -> None:
    sealed = Vault.seal(KEY, "name", text)
    assert Vault.open(KEY, "name", sealed) == text
    assert text == "" or text.encode() not in sealed


def test_the_same_value_never_looks_the_same() -> None:
    assert len({Vault.seal(KEY, "name", "张") for _ in range(100)}) == 100


@pytest.mark.parametrize("position", [0, 1, 5, 20, -1])
def test_a_changed_byte_is_noticed(position: int) -> None:
    sealed = bytearray(Vault.seal(KEY, "name", "张小明"))
    sealed[position] ^= 1
    with pytest.raises(SealError):
        Vault.open(KEY, "name", bytes(sealed))


def test_a_value_does_not_move_to_another_field_or_person() -> None:
    sealed = Vault.seal(KEY, "phone", "19900000000")
    with pytest.raises(TamperedError):
        Vault.open(KEY, "document", sealed)
    with pytest.raises(TamperedError):
        Vault.open(PersonKey(uuid4(), KEY.id, KEY.cipher), "phone", sealed)
    with pytest.raises(UnknownKeyError):
        Vault.open(PersonKey.of(REF, os.urandom(32)), "phone", sealed)


@pytest.mark.parametrize("value", [b"", b"\x01", b"x" * 32])
def test_what_is_no_sealed_value_is_told_apart(value: bytes) -> None:
    with pytest.raises(TamperedError):
        Vault.open(KEY, "name", value)


def test_errors_and_reprs_show_neither_value_nor_key() -> None:
    assert "k" * 32 not in repr(KEY)
    assert "AESGCM" not in repr(KEY)
    ring = KeyRing("k1", {"k1": b"s" * 32})
    assert "sss" not in repr(ring)
    assert "sss" not in repr(MasterKeys(master=ring, index=ring))


def test_a_missing_person_is_a_typed_error_or_none() -> None:
    keys = PersonKeys({REF: KEY})
    stranger = uuid4()
    assert keys.get(stranger) is None
    with pytest.raises(PersonKeyMissingError) as caught:
        keys[stranger]
    assert caught.value.ref == stranger


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"current": "k1", "keys": {}}',
        '{"current": "k1", "keys": {"k1": "c2hvcnQ="}}',
        '{"current": "k1", "keys": {"k1": "not base64"}}',
        '{"current": "k1", "keys": {"k1": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="}}',
    ],
)
def test_a_bad_key_file_is_refused_without_quoting_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "master.json"
    path.write_text(content)
    with pytest.raises(KeyFileError) as caught:
        MasterKeys.load(path)
    assert "a2tra2tr" not in str(caught.value)
    assert "c2hvcnQ" not in str(caught.value)
