"""What every service is told by its environment: `FANGKONG_*` variables and files, never arguments.

Production mode accepts fewer: see `shared.production`.
"""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.http.limits import Rate, RateLimit, Rates


class ServiceSettings(BaseSettings):
    """Settings that all five services share; a service's own `settings.py` extends it."""

    model_config = SettingsConfigDict(
        env_prefix="FANGKONG_",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # what is refused may hold a password, and the refusal is printed
    )

    mode: Literal["local", "test", "production"] = "local"
    database_url: str
    database_password_file: Path | None = None
    """The password of the role in `database_url`, where the URL holds none."""
    keystore_url: str | None = None
    """The key store of a service that seals personal fields."""
    keystore_password_file: Path | None = None
    nats_url: str
    """One address or several with commas: `nats://`, or `tls://` for TLS before anything is said."""
    nats_credentials_file: Path | None = None
    """The seed of this service's nkey."""
    nats_ca_file: Path | None = None
    """What signs the bus's certificates, where that is a CA of one's own."""
    http_host: str = "127.0.0.1"
    http_port: int = 0
    tls_cert: Path | None = None
    tls_key: Path | None = None
    master_key_file: Path | None = None
    kms_url: str | None = None
    """The KMS (HashiCorp Vault, OpenBao) with the master key; `master_key_file` then has index keys only, wrapped."""
    kms_key: str | None = None
    """The name of this service's key in the KMS's transit engine; `fangkong-<service>` when left out."""
    kms_token_file: Path | None = None
    kms_ca_file: Path | None = None
    card_keys_file: Path | None = None
    issuer: str
    """The OIDC issuer whose access tokens are accepted."""
    jwks_file: Path | None = None
    jwks_url: str | None = None
    clock_file: Path | None = None
    log_level: str = "info"
    database_pool: int = 10
    public_url: str | None = None
    """Where people open this service's pages, with the path that an ingress puts before them; https in production."""
    faces: dict[str, str] = {}
    """Where people open the pages of other services: `{"registry": "https://..."}`; nothing links to one left out."""
    oidc_client_id: str | None = None
    """How the issuer knows this service's pages; `fangkong-<service>` when left out."""
    oidc_client_secret_file: Path | None = None
    """Where the issuer asks for a secret; PKCE is used with and without."""
    issuer_ca_file: Path | None = None
    """What signs the issuer's certificate, where that is a CA of one's own."""
    read_burst: Annotated[int, Field(ge=1)] = 300
    reads_per_minute: Annotated[float, Field(gt=0)] = 600
    """How often one caller may ask one route for something, after so many at once, in each process."""
    write_burst: Annotated[int, Field(ge=1)] = 120
    writes_per_minute: Annotated[float, Field(gt=0)] = 300
    """The same of a route that does something. A route that needs another rate says so beside its access."""
    stranger_burst_each: Annotated[int, Field(ge=1)] = 300
    strangers_per_minute_each: Annotated[float, Field(gt=0)] = 600
    stranger_burst_together: Annotated[int, Field(ge=1)] = 3_000
    strangers_per_minute_together: Annotated[float, Field(gt=0)] = 12_000
    """The same of a public route for an address, and for all together, where its service says nothing else."""
    caller_rate_scale: Annotated[float, Field(gt=0)] = 1
    """All of these times this much, and what services say for their own routes' callers: a stack that one account
    loads with a whole town, or one machine that plays all devices, needs more than people do."""
    session_idle_minutes: int = 120
    """A session at a browser ends this long after a page was last opened by hand, in real time."""
    session_hours: int = 12
    """And this long after it began."""
    session_unproved_minutes: int = 15
    """And when for so long the issuer could not be asked whether its rights hold, or gave nothing to ask with."""
    oidc_scope: str = "openid"
    """What the issuer is asked for; some give a refresh token only with `openid offline_access`."""
    token_seconds: int | None = None
    """How old a bearer token may be, whatever it says itself; left out, 45 in production and an hour elsewhere."""

    @property
    def rates(self) -> Rates:
        """What routes take that say nothing of their own."""
        strangers = RateLimit(
            each=Rate(burst=self.stranger_burst_each, per_minute=self.strangers_per_minute_each),
            together=Rate(burst=self.stranger_burst_together, per_minute=self.strangers_per_minute_together),
        )
        return Rates(
            reads=Rate(burst=self.read_burst, per_minute=self.reads_per_minute).times(self.caller_rate_scale),
            writes=Rate(burst=self.write_burst, per_minute=self.writes_per_minute).times(
                self.caller_rate_scale
            ),
            strangers=strangers.times(self.caller_rate_scale),
        )

    def database_address(self) -> str:
        """The database's URL with its password. Never log it."""
        return _with_password(self.database_url, self.database_password_file)

    def keystore_address(self) -> str | None:
        """The key store's URL with its password. Never log it."""
        return _with_password(self.keystore_url, self.keystore_password_file) if self.keystore_url else None


def _with_password(url: str, file: Path | None) -> str:
    if file is None:
        return url
    parts = urlsplit(url)
    user, _, where = parts.netloc.rpartition("@")
    secret = quote(file.read_text(encoding="utf-8").strip(), safe="")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:{secret}@{where}"))
