import asyncio
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from deploy.local import tls


async def serve_once(files: tls.Certificate, trusting: Path) -> str:
    """The common name that a client sees who trusts `trusting` and asks for 127.0.0.1."""
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(files.cert, files.key)

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_side)
    async with server:
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=ssl.create_default_context(cafile=trusting)
        )
        seen = dict(pair[0] for pair in writer.get_extra_info("peercert")["subject"])
        writer.close()
        await writer.wait_closed()
        return str(seen["commonName"])


async def test_a_client_that_trusts_the_authority_accepts_the_server(tmp_path: Path) -> None:
    files = tls.ensure(tmp_path, ["192.168.7.5"])
    assert await serve_once(files, files.ca) == "fangkong local"


def test_the_certificate_names_localhost_and_the_addresses(tmp_path: Path) -> None:
    files = tls.ensure(tmp_path, ["192.168.7.5", "10.1.2.3"])
    names = (
        x509.load_pem_x509_certificate(files.cert.read_bytes())
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value
    )
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    assert addresses == {"127.0.0.1", "192.168.7.5", "10.1.2.3"}
    assert "localhost" in names.get_values_for_type(x509.DNSName)


def test_a_phone_trusts_the_authority_once_even_when_the_address_changes(tmp_path: Path) -> None:
    first = tls.ensure(tmp_path, ["192.168.7.5"])
    authority, certificate = first.ca.read_bytes(), first.cert.read_bytes()
    assert tls.ensure(tmp_path, ["192.168.7.5"]).cert.read_bytes() == certificate
    assert tls.ensure(tmp_path, ["10.9.9.9"]).ca.read_bytes() == authority
    assert first.cert.read_bytes() != certificate


def test_the_authority_may_vouch_for_private_networks_only(tmp_path: Path) -> None:
    files = tls.ensure(tmp_path, ["192.168.7.5"])
    limits = (
        x509.load_pem_x509_certificate(files.ca.read_bytes())
        .extensions.get_extension_for_class(x509.NameConstraints)
        .value.permitted_subtrees
    )
    assert limits is not None
    networks = {str(limit.value) for limit in limits if isinstance(limit, x509.IPAddress)}
    assert networks == set(tls.PRIVATE)


async def test_an_address_outside_them_is_vouched_for_by_itself(tmp_path: Path) -> None:
    files = tls.ensure(tmp_path, ["203.0.113.9"])
    assert await serve_once(files, files.ca) == "fangkong local"


def test_keys_are_private(tmp_path: Path) -> None:
    files = tls.ensure(tmp_path, [])
    assert files.key.stat().st_mode & 0o077 == 0
    assert (tmp_path / "ca.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("address", tls.lan_addresses())
def test_addresses_of_this_machine_are_not_loopback(address: str) -> None:
    assert not address.startswith("127.")
