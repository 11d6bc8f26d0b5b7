"""A pass token has one spelling, names nobody, and is believed only when the registry signed it."""

import dataclasses
import struct
from datetime import UTC, datetime
from uuid import UUID

import base45
import cbor2
import pytest
from cwt import COSE, COSEKey
from cwt.exceptions import CWTError
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel import pass_token
from shared.kernel.pass_token import InvalidSignature, Malformed, PassClaims, PassTokenError, UnknownKey

KEY = pass_token.make_key()
KEYS = {KEY["kid"]: pass_token.read_public(pass_token.public_part(KEY))}
CLAIMS = PassClaims(
    pass_id=UUID("0190a000-0000-7000-8000-000000000001"),
    serial=1,
    number="12345674",
    compound="lj-001",
    not_before=datetime(2020, 3, 9, 16, tzinfo=UTC),
    expires=datetime(2020, 4, 8, 16, tzinfo=UTC),
)
TOKEN = pass_token.sign(CLAIMS, KEY)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def wrapped(payload: bytes) -> str:
    header = {1: -7, 4: KEY["kid"].encode()}
    signed = COSE.new().encode_and_sign(payload, COSEKey.from_jwk(KEY), protected=header, unprotected={})
    assert isinstance(signed, bytes)
    return text_of(signed)


def text_of(document: bytes) -> str:
    return f"EP1:{base45.b45encode(document).decode()}"


def test_what_was_signed_is_read_back() -> None:
    assert pass_token.verify(TOKEN, KEYS) == CLAIMS


def test_a_token_fits_into_a_small_code_in_its_dense_mode() -> None:
    assert len(TOKEN) <= 221  # version 9 at level Q holds 221 characters of that alphabet
    assert set(TOKEN) <= set(ALPHABET)


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from(ALPHABET))
def test_a_token_with_a_flipped_character_never_verifies(at: int, other: str) -> None:
    changed = TOKEN[:at] + other + TOKEN[at + 1 :]
    if changed == TOKEN:
        return
    with pytest.raises(PassTokenError):
        pass_token.verify(changed, KEYS)


def test_every_single_flipped_character_is_refused() -> None:
    for at, kept in enumerate(TOKEN):
        changed = TOKEN[:at] + ALPHABET[(ALPHABET.index(kept) + 1) % 45] + TOKEN[at + 1 :]
        with pytest.raises(PassTokenError):
            pass_token.verify(changed, KEYS)


@given(
    st.one_of(
        st.text(),
        st.text(ALPHABET).map("EP1:".__add__),
        st.binary().map(lambda b: "EP1:" + base45.b45encode(b).decode()),
    )
)
def test_no_text_of_a_stranger_verifies_or_crashes(text: str) -> None:
    with pytest.raises(PassTokenError):
        pass_token.verify(text, KEYS)


@given(st.one_of(st.text(ALPHABET), st.binary().map(lambda b: base45.b45encode(b).decode())))
def test_base45_is_read_as_the_library_reads_it(text: str) -> None:
    try:
        expected = base45.b45decode(text)
    except ValueError:
        with pytest.raises((ValueError, struct.error)):
            pass_token.read_base45(text)
    else:
        assert pass_token.read_base45(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EP1:",
        TOKEN.removeprefix("EP1:"),
        TOKEN.lower(),
        TOKEN + "\n",
        TOKEN + " ",
        TOKEN[:-1],
        TOKEN + "0" * 400,
        "EP1:" + TOKEN,
        "EP2:" + TOKEN.removeprefix("EP1:"),
    ],
)
def test_another_form_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        pass_token.verify(text, KEYS)


def test_a_key_that_is_not_announced_is_named() -> None:
    with pytest.raises(UnknownKey) as raised:
        pass_token.verify(TOKEN, {})
    assert raised.value.key_id == KEY["kid"]


def test_a_forger_who_uses_our_key_id_is_refused() -> None:
    forged = pass_token.sign(CLAIMS, {**pass_token.make_key(), "kid": KEY["kid"]})
    with pytest.raises(InvalidSignature):
        pass_token.verify(forged, KEYS)


def test_another_algorithm_is_refused_before_any_key_is_asked() -> None:
    header = cbor2.dumps({1: -8, 4: KEY["kid"].encode()})
    document = cbor2.dumps(cbor2.CBORTag(18, [header, {}, b"x" * 80, b"s" * 64]))
    with pytest.raises(Malformed):
        pass_token.verify(text_of(document), KEYS)


@pytest.mark.parametrize(
    "changes",
    [
        {4: 1},  # expires before it begins
        {4: 2**70},
        {5: True},
        {5: -1},
        {7: b"short"},
        {2: "12A45678"},
        {3: "../etc"},
        {-65_537: 0},
        {-65_537: "1"},
        {99: "more"},
    ],
)
def test_signed_nonsense_is_malformed(changes: dict[int, object]) -> None:
    claims = {
        7: CLAIMS.pass_id.bytes,
        2: "12345674",
        3: "lj-001",
        5: 1_583_769_600,
        4: 1_586_361_600,
        -65_537: 1,
    }
    with pytest.raises(Malformed):
        pass_token.verify(wrapped(cbor2.dumps({**claims, **changes})), KEYS)


def test_claims_that_do_not_fit_are_not_signed() -> None:
    with pytest.raises(Malformed):
        pass_token.sign(
            PassClaims(
                pass_id=CLAIMS.pass_id,
                serial=1,
                number="王",
                compound="lj-001",
                not_before=CLAIMS.not_before,
                expires=CLAIMS.expires,
            ),
            KEY,
        )


@pytest.mark.parametrize(
    "broken", [{"kty": "OKP"}, {"crv": "P-384"}, {"alg": "HS256"}, {"kid": "x y"}, {"x": "AA"}]
)
def test_an_announced_key_of_another_kind_is_not_taken(broken: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="key"):
        pass_token.read_public({**pass_token.public_part(KEY), **broken})


def test_the_announced_part_holds_no_secret() -> None:
    assert "d" not in pass_token.public_part(KEY)


@given(
    serial=st.integers(1, 1_000_000),
    ours=st.booleans(),
    flips=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 255)), max_size=2),
)
def test_a_signature_holds_exactly_where_the_library_for_cose_says_so(
    *, serial: int, ours: bool, flips: list[tuple[int, int]]
) -> None:
    claims = dataclasses.replace(CLAIMS, serial=serial)
    document = bytearray(base45.b45decode(pass_token.sign(claims, KEY).removeprefix(pass_token.PREFIX)))
    for place, bits in flips:
        document[place % len(document)] ^= bits
    public = pass_token.public_part(KEY if ours else {**pass_token.make_key(), "kid": KEY["kid"]})
    cose = COSEKey.from_jwk({**public, "use": "sig", "key_ops": ["verify"]})
    holds = True
    try:
        COSE.new().decode(bytes(document), cose)
    except (CWTError, ValueError, TypeError):  # the library trips over a signature that is a number
        holds = False
    keys = {KEY["kid"]: pass_token.read_public(public)}
    try:
        assert pass_token.verify(text_of(bytes(document)), keys) == claims
    except (InvalidSignature, UnknownKey):
        assert not holds
    except Malformed:
        assert flips  # nothing but our own spelling is looked into
    else:
        assert holds
