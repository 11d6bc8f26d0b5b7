"""A private certificate authority for ``up --lan``: a phone's camera and service worker need HTTPS."""

import datetime as dt
import fcntl
import ipaddress
import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.local.files import write_private

CA_DAYS = 3650
SERVER_DAYS = 397  # browsers refuse longer ones
RENEW_DAYS = 30
_SIOCGIFADDR = 0x8915
# The key of this authority lies on a laptop and phones are told to trust it: so it may vouch for private
# networks only.
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Files for servers and for phones."""

    ca: Path
    cert: Path
    key: Path


def lan_addresses() -> list[str]:
    """IPv4 addresses of this machine that others can reach."""
    found: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                raw = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue  # an interface without an IPv4 address
            address = socket.inet_ntoa(raw[20:24])
            if not ipaddress.ip_address(address).is_loopback:
                found.append(address)
    return found


def ensure(folder: Path, addresses: list[str]) -> Certificate:
    """A server certificate for localhost and `addresses`, made or renewed when needed.

    The authority stays the same from start to start, so that a phone has to trust it once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = Certificate(ca=folder / "ca.crt", cert=folder / "server.crt", key=folder / "server.key")
    names = ["localhost", socket.gethostname()]
    wanted = {*names, "127.0.0.1", *addresses}
    now = dt.datetime.now(dt.UTC)
    if _vouches(files, wanted, now):
        return files
    allowed = [ipaddress.ip_network(net) for net in PRIVATE]
    outside = [a for a in addresses if not any(ipaddress.ip_address(a) in net for net in allowed)]
    ca_key, ca = authority(folder, names, outside, now)
    issue(files, ca_key, ca, names, ["127.0.0.1", *addresses], since=now - dt.timedelta(hours=1))
    return files


def issue(
    files: Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
    names: list[str],
    addresses: list[str],
    *,
    since: dt.datetime,
    both_ways: bool = False,
) -> None:
    """A fresh key, and the authority's word for it: for these names and addresses, for `SERVER_DAYS`.

    With `both_ways` its server may also call others with it, as the servers of a cluster do.
    """
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.CLIENT_AUTH] if both_ways else [])]
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    alternatives += [x509.IPAddress(ipaddress.ip_address(a)) for a in addresses]
    cert = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fangkong local")]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + dt.timedelta(days=SERVER_DAYS))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    write_private(files.key, _pem(key))
    write_private(files.cert, cert.public_bytes(serialization.Encoding.PEM).decode(), mode=0o644)


def _vouches(files: Certificate, wanted: set[str], now: dt.datetime) -> bool:
    """Whether the certificate that exists names all and lasts a while."""
    try:
        cert = x509.load_pem_x509_certificate(files.cert.read_bytes())
        ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    except FileNotFoundError:
        return False
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    have = {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}
    lasts = cert.not_valid_after_utc - now > dt.timedelta(days=RENEW_DAYS)
    return lasts and wanted <= have and cert.issuer == ca.subject and files.key.exists()


def authority(
    folder: Path, names: list[str], outside: list[str], now: dt.datetime
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """The private authority: the one on disk while it may vouch for these names, else a new one."""
    key_file, cert_file = folder / "ca.key", folder / "ca.crt"
    if key_file.exists() and cert_file.exists():
        ca = x509.load_pem_x509_certificate(cert_file.read_bytes())
        limits = ca.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
        may = {str(limit.value) for limit in limits}
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        lasts = ca.not_valid_after_utc - now > dt.timedelta(days=SERVER_DAYS)
        if (
            lasts
            and {*names, *(f"{a}/32" for a in outside)} <= may
            and isinstance(key, ec.EllipticCurvePrivateKey)
        ):
            return key, ca
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"fangkong private CA {os.urandom(3).hex()}"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "fangkong"),
        ]
    )
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    permitted += [
        x509.IPAddress(ipaddress.ip_network(net)) for net in (*PRIVATE, *(f"{a}/32" for a in outside))
    ]
    ca = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_private(key_file, _pem(key))
    write_private(cert_file, ca.public_bytes(serialization.Encoding.PEM).decode(), mode=0o644)
    return key, ca


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
