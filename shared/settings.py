"""What every service is told by its environment: `FANGKONG_*` variables and files, never arguments."""

from pathlib import Path
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Settings that all five services share; a service's own `settings.py` extends it."""

    model_config = SettingsConfigDict(env_prefix="FANGKONG_", extra="ignore", frozen=True)

    mode: Literal["local", "test", "production"] = "local"
    database_url: str
    keystore_url: str | None = None
    """The key store of a service that seals personal fields; reporting has none."""
    nats_url: str
    nats_credentials_file: Path | None = None
    nats_ca_file: Path | None = None
    http_host: str = "127.0.0.1"
    http_port: int = 0
    tls_cert: Path | None = None
    tls_key: Path | None = None
    master_key_file: Path | None = None
    card_keys_file: Path | None = None
    issuer: str
    """The OIDC issuer whose access tokens are accepted."""
    jwks_file: Path | None = None
    jwks_url: str | None = None
    clock_file: Path | None = None
    log_level: str = "info"
    database_pool: int = 10
