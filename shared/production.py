"""What production mode insists on before a service starts: every wire closed, every secret in a file, real time.

Each sentence names the setting and what to do. Nothing here quotes a value: it may hold the secret it should not.
"""

import ipaddress
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from shared.kernel.secrets import KeyFileError, KeyRing, read_key_file
from shared.settings import ServiceSettings

_ADDRESSES = ("nats_url", "issuer", "jwks_url", "public_url", "kms_url")
_PUBLIC = {"tls_cert", "nats_ca_file", "issuer_ca_file", "kms_ca_file", "jwks_file"}
_LEAST_VARIETY = 16
"""Different bytes in a key of 32: a drawn one has about thirty, one that somebody typed or copied from a guide few."""


def insist(settings: ServiceSettings) -> None:
    """Let a service start in production mode only with settings that belong there.

    Raises:
        SystemExit: everything that is wrong, a line each.
    """
    if settings.mode == "production" and (wrong := list(faults(settings))):
        raise SystemExit("\n".join(["FANGKONG_MODE=production refuses to start:", *wrong]))


def faults(settings: ServiceSettings) -> Iterator[str]:
    """All that keeps these settings out of production."""
    yield from _database("DATABASE", settings.database_url, settings.database_password_file)
    if settings.keystore_url is not None:
        yield from _database("KEYSTORE", settings.keystore_url, settings.keystore_password_file)
    yield from _bus(settings)
    yield from _identity(settings)
    yield from _own_wire(settings)
    if settings.kms_url is not None:
        if urlsplit(settings.kms_url).scheme != "https":
            yield "FANGKONG_KMS_URL: an https address"
        if settings.kms_token_file is None:
            yield "FANGKONG_KMS_TOKEN_FILE: name the file of this service's token"
    if settings.clock_file is not None:
        yield "FANGKONG_CLOCK_FILE is set: remove it, business time cannot be changed in production"
    if settings.log_level.lower() == "debug":
        yield "FANGKONG_LOG_LEVEL is debug: set info or higher, libraries say too much below"
    for name in _ADDRESSES:
        value = getattr(settings, name)
        if value and any("@" in urlsplit(part).netloc for part in value.split(",")):
            yield f"FANGKONG_{name.upper()} holds a user or password: name a file for it instead"
    yield from _files(settings)


def _database(name: str, url: str, password_file: Path | None) -> Iterator[str]:
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    if asked.get("sslmode") != ["verify-full"]:
        yield (
            f"FANGKONG_{name}_URL: add ?sslmode=verify-full&sslrootcert=/path/ca.crt,"
            " so that the line is encrypted and the server proven"
        )
    if parts.password is not None or "password" in asked:
        yield f"FANGKONG_{name}_URL holds a password: put it into FANGKONG_{name}_PASSWORD_FILE"
    elif password_file is None and "sslcert" not in asked:
        yield f"FANGKONG_{name}_PASSWORD_FILE: name the file of the role's password, or sslcert and sslkey in the URL"


def _bus(settings: ServiceSettings) -> Iterator[str]:
    if any(urlsplit(part).scheme != "tls" for part in settings.nats_url.split(",")):
        yield "FANGKONG_NATS_URL: every address begins with tls://"
    if settings.nats_credentials_file is None:
        yield "FANGKONG_NATS_CREDENTIALS_FILE: name the file of this service's nkey (./fangkong nats-config)"


def _identity(settings: ServiceSettings) -> Iterator[str]:
    if urlsplit(settings.issuer).scheme != "https":
        yield "FANGKONG_ISSUER: an https address"
    if settings.jwks_file is not None or urlsplit(settings.jwks_url or "").scheme != "https":
        yield "FANGKONG_JWKS_URL: the issuer's https address of its keys, and no FANGKONG_JWKS_FILE: keys change"


def _own_wire(settings: ServiceSettings) -> Iterator[str]:
    if urlsplit(settings.public_url or "").scheme != "https":
        yield "FANGKONG_PUBLIC_URL: the https address under which people open this service"
    if (settings.tls_cert is None or settings.tls_key is None) and not _loopback(settings.http_host):
        yield (
            "FANGKONG_TLS_CERT and FANGKONG_TLS_KEY: the line from the ingress is encrypted as well,"
            " unless FANGKONG_HTTP_HOST is of this machine alone"
        )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _files(settings: ServiceSettings) -> Iterator[str]:
    """Secrets that others on the machine can read, or that nobody has drawn."""
    for name, path in settings:
        if not isinstance(path, Path) or name in _PUBLIC:
            continue
        try:
            mode = path.stat().st_mode
        except OSError as error:
            yield f"FANGKONG_{name.upper()}: the file cannot be read ({type(error).__name__})"
            continue
        if mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
            yield f"FANGKONG_{name.upper()}: others can read or change the file: chmod 0400, or 0440 for its group"
    yield from _keys(settings)


def _keys(settings: ServiceSettings) -> Iterator[str]:
    seen: set[bytes] = set()
    for name in ("master_key_file", "card_keys_file"):
        path: Path | None = getattr(settings, name)
        if path is None or not path.exists():
            continue
        try:
            content = read_key_file(path)
            if name == "master_key_file" and settings.kms_url is not None:
                continue  # wrapped by the KMS
            parts = (
                [content, content.get("index_key")] if name == "master_key_file" else list(content.values())
            )
            keys = [key for part in parts for key in KeyRing.parse(part).keys.values()]
        except KeyFileError as error:
            yield f"FANGKONG_{name.upper()}: {error}"
            continue
        if any(len(set(key)) < _LEAST_VARIETY for key in keys):
            yield f"FANGKONG_{name.upper()}: a key that nobody has drawn at random: make new ones"
        if len(set(keys)) < len(keys) or seen.intersection(keys):
            yield f"FANGKONG_{name.upper()}: one key for two purposes: make new ones"
        seen.update(keys)
