"""The development issuer: an ES256 key, one account per role, and tokens like those of a real OIDC provider.

For local use only: whoever reaches its page becomes anybody. It refuses production mode, where the same
services trust a real issuer through ``FANGKONG_ISSUER`` and ``FANGKONG_JWKS_URL``. ``python -m
deploy.local.issuer`` serves it.
"""

import json
import os
import sys
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from deploy.local.errors import LocalError
from deploy.local.files import read_json, write_json, write_private

AUDIENCE = "fangkong"
ACCESS_SECONDS = 3600
FIRST_COMPOUND = "compound:lj-001"

ROLES = {
    "guard": ("门岗值守", FIRST_COMPOUND),
    "shift_leader": ("卡口班长", FIRST_COMPOUND),
    "grid_worker": ("网格员", FIRST_COMPOUND),
    "property_manager": ("物业经理", FIRST_COMPOUND),
    "community_clerk": ("社区干部", "town"),
    "sanitation_worker": ("消杀员", "town"),
    "hq_officer": ("指挥部值班", "town"),
    "supervisor": ("督查员", "town"),
    "auditor": ("审计员", "town"),
    "ops": ("运维", "town"),
    "admin": ("系统管理员", "town"),
}
"""Role -> its Chinese name and the scope of its account in the demonstration town."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Someone who can sign in."""

    subject: str
    name: str
    role: str
    scope: str
    worker_ref: str | None = None
    """Who of the registry's workers it is, whose work is credited (R7.3)."""

    @property
    def grants(self) -> list[dict[str, str]]:
        """The claim that the services read."""
        return [{"role": self.role, "scope": self.scope}]


class Issuer:
    """Keys and accounts of one home."""

    def __init__(self, folder: Path, key_file: Path, url: str) -> None:
        if os.environ.get("FANGKONG_MODE") == "production":
            raise LocalError(
                "演示登录不能用于生产环境（FANGKONG_MODE=production）。",
                "The development issuer refuses production mode (FANGKONG_MODE=production).",
            )
        self.folder = folder
        self.key_file = key_file
        self.url = url
        self.now = time.time

    def make(self) -> None:
        """Create key and accounts when missing, and publish the public half of the key."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.key_file.exists():
            key = ECKey.generate_key("P-256", {"kid": uuid.uuid4().hex[:8], "use": "sig", "alg": "ES256"})
            write_private(self.key_file, json.dumps(key.as_dict(private=True)))
        if not (self.folder / "accounts.json").exists():
            made = [
                asdict(Account(subject=f"dev-{role}", name=f"演示·{zh}", role=role, scope=scope))
                for role, (zh, scope) in ROLES.items()
            ]
            write_json(self.folder / "accounts.json", {"accounts": made})
        write_json(self.folder / "jwks.json", self.jwks())

    def accounts(self) -> list[Account]:
        """Everybody who can sign in, in the file's order."""
        return [Account(**raw) for raw in read_json(self.folder / "accounts.json").get("accounts", [])]

    def account(self, subject: str) -> Account | None:
        """The account with this subject."""
        return next((account for account in self.accounts() if account.subject == subject), None)

    def jwks(self) -> dict[str, Any]:
        """The public key set, and the word that production mode refuses."""
        return {"keys": [self._key().as_dict(private=False)], "development": True}

    def access_token(self, account: Account, *, seconds: int = ACCESS_SECONDS) -> str:
        """A token for the services' APIs. Real time: business time may be stepped, lifetimes may not."""
        claims: dict[str, Any] = {
            "sub": account.subject,
            "aud": AUDIENCE,
            "name": account.name,
            "grants": account.grants,
        }
        if account.worker_ref:
            claims["worker_ref"] = account.worker_ref
        return self._sign(claims, seconds)

    def id_token(self, account: Account, *, client: str, nonce: str | None) -> str:
        """Who signed in, for the page that asked."""
        claims: dict[str, Any] = {"sub": account.subject, "aud": client, "name": account.name}
        if nonce:
            claims["nonce"] = nonce
        return self._sign(claims, 300)

    def _sign(self, claims: dict[str, Any], seconds: int) -> str:
        key, now = self._key(), int(self.now())
        stamped = {"iss": self.url, "iat": now, "nbf": now, "exp": now + seconds, "jti": uuid.uuid4().hex}
        return jwt.encode({"alg": "ES256", "kid": key.kid}, stamped | claims, key)

    def _key(self) -> ECKey:
        return ECKey.import_key(read_json(self.key_file))


def main() -> None:
    """Serve the issuer as its environment says."""
    from deploy.local.issuer_http import serve  # noqa: PLC0415  # minting a token needs no web framework

    try:
        issuer = Issuer(
            Path(os.environ["FANGKONG_ISSUER_FOLDER"]),
            Path(os.environ["FANGKONG_ISSUER_KEY_FILE"]),
            os.environ["FANGKONG_ISSUER"],
        )
    except LocalError as error:
        sys.exit(str(error))
    issuer.make()
    serve(issuer)


if __name__ == "__main__":
    main()
