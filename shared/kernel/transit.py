"""Master keys that never leave a key management service: the `transit` engine of HashiCorp Vault and of OpenBao.

Data keys are wrapped and opened there, many in one request; the key store holds the engine's own ciphertext. Each is
bound to its person by `associated_data`, so the engine's key is of a kind with authentication (`aes256-gcm96`, the
default). It is rotated there (`POST transit/keys/<name>/rotate`); `rewrap` follows, and `min_decryption_version` may be
raised then.

    POST <url>/v1/transit/encrypt/<key>   {"batch_input": [{"plaintext": "<base64>", "associated_data": "<base64>"}]}
    POST <url>/v1/transit/decrypt/<key>   {"batch_input": [{"ciphertext": "vault:v1:…", "associated_data": "<base64>"}]}
    GET  <url>/v1/transit/keys/<key>      -> data.latest_version
    X-Vault-Token: from a file, read for each request: whoever renews it writes the file anew
"""

import asyncio
import ssl
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import structlog

from shared.kernel.masters import MasterKeys, TamperedError, UnknownKeyError, WrappedKey
from shared.kernel.secrets import KeyFileError, KeyRing, read_key_file

log = structlog.get_logger(__name__)

_TIMEOUT = 5.0
_ATTEMPTS = 3
_BATCH = 500
_INDEX_BINDING = b"fangkong index key"


class KmsAwayError(ConnectionError):
    """The key management service does not answer, or refuses us: the same may succeed later."""


class TransitWrapper:
    """Wraps with a key of a transit engine."""

    def __init__(self, url: str, key: str, *, token_file: Path, ca_file: Path | None = None) -> None:
        self._base = f"{url.rstrip('/')}/v1/transit"
        self._key = key
        self._token_file = token_file
        trust = ssl.create_default_context(cafile=ca_file)
        self._http = httpx.AsyncClient(
            timeout=_TIMEOUT, follow_redirects=False, verify=trust, trust_env=False
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def current(self) -> str:
        """Tell the version of the key that wraps."""
        told = await self._ask("GET", f"keys/{self._key}")
        return f"v{int(told['latest_version'])}"

    async def wrap(self, keys: Sequence[tuple[UUID, bytes]]) -> list[WrappedKey]:
        """Wrap people's data keys with the newest version of the key, each bound to its person."""
        items = [(key, ref.bytes) for ref, key in keys]
        made = await self._encrypt(items)
        return [
            WrappedKey(ref=ref, master_kid=text.split(":")[1], wrapped=text.encode())
            for (ref, _), text in zip(keys, made, strict=True)
        ]

    async def unwrap(self, keys: Sequence[WrappedKey]) -> list[bytes]:
        """Open wrapped data keys, in order.

        Raises:
            UnknownKeyError: wrapped by a master key of a file.
            TamperedError: one of them does not open.
        """
        for key in keys:
            if not key.wrapped.startswith(b"vault:"):
                raise UnknownKeyError(f"data key of {key.ref}: wrapped by {key.master_kid!r}, not by the KMS")
        return await self._decrypt([(key.wrapped.decode("latin-1"), key.ref.bytes) for key in keys])

    async def index_keys(self, path: Path) -> MasterKeys:
        """Open the index keys of a file that has them wrapped, as ciphertext of the engine in place of each key.

        Raises:
            KeyFileError: malformed, or what it holds does not open.
        """
        ring: Any = read_key_file(path).get("index_key")
        try:
            kids, wrapped = list(ring["keys"]), [str(one) for one in ring["keys"].values()]
            opened = await self._decrypt([(one, _INDEX_BINDING) for one in wrapped])
            return MasterKeys(
                master=None, index=KeyRing(str(ring["current"]), dict(zip(kids, opened, strict=True)))
            )
        except (KeyError, TypeError, AttributeError, TamperedError) as error:
            raise KeyFileError(f"{path}: no index keys that the KMS opens: {type(error).__name__}") from None

    async def wrap_index_key(self, key: bytes) -> str:
        """What stands in the file for an index key."""
        [made] = await self._encrypt([(key, _INDEX_BINDING)])
        return made

    async def _encrypt(self, items: Sequence[tuple[bytes, bytes]]) -> list[str]:
        asked = [{"plaintext": _text(plain), "associated_data": _text(bound)} for plain, bound in items]
        return [str(one["ciphertext"]) for one in await self._batch("encrypt", asked)]

    async def _decrypt(self, items: Sequence[tuple[str, bytes]]) -> list[bytes]:
        asked = [{"ciphertext": cipher, "associated_data": _text(bound)} for cipher, bound in items]
        opened = await self._batch("decrypt", asked)
        return [b64decode(one["plaintext"], validate=True) for one in opened]

    async def _batch(self, verb: str, asked: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        for start in range(0, len(asked), _BATCH):
            part = asked[start : start + _BATCH]
            answer = await self._ask("POST", f"{verb}/{self._key}", {"batch_input": part})
            results = answer.get("batch_results", [])
            if len(results) != len(part) or any(one.get("error") for one in results):
                raise TamperedError(f"the KMS could not {verb} {len(part)} keys")
            told += results
        return told

    async def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                token = self._token_file.read_text(encoding="ascii").strip()
                answer = await self._http.request(
                    method, f"{self._base}/{path}", json=body, headers={"X-Vault-Token": token}
                )
            except (httpx.HTTPError, OSError) as error:
                trouble = type(error).__name__
            else:
                if answer.is_success:
                    data: dict[str, Any] = answer.json()["data"]
                    return data
                if (
                    answer.status_code == httpx.codes.BAD_REQUEST
                ):  # the whole batch failed: nothing in it opens
                    raise TamperedError(f"the KMS refuses {path.partition('/')[0]}")
                trouble = str(answer.status_code)
            log.warning("kms_away", attempt=attempt, reason=trouble)
            await asyncio.sleep(0.1 * attempt)
        raise KmsAwayError(f"the KMS does not answer: {trouble}")


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()
