"""TLS: modern, and certificates that are taken up when they change."""

from __future__ import annotations

import datetime
import socket
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.edge.edges import TIMEOUT_S, RunningEdge, running_edge
from tests.edge.stand_in import Backend

TAKEN_UP_S = 10.0


def write_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / "tls.crt", folder / "tls.key"
    cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_path, key_path


def handshake(edge: RunningEdge, version: ssl.TLSVersion) -> tuple[str, bytes]:
    """Answer the version agreed on and the certificate shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", edge.edge.port), timeout=TIMEOUT_S) as plain,
        context.wrap_socket(plain) as connection,
    ):
        return str(connection.version()), connection.getpeercert(binary_form=True) or b""


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_is_modern_and_a_new_certificate_is_taken_up(tmp_path: Path, backend: Backend) -> None:
    cert, key = write_certificate(tmp_path, "first")
    with running_edge(tmp_path, backend, tls_cert=str(cert), tls_key=str(key)) as edge:
        first = handshake(edge, ssl.TLSVersion.TLSv1_3)[1]
        assert handshake(edge, ssl.TLSVersion.TLSv1_2)[0] == "TLSv1.2"
        with pytest.raises((ssl.SSLError, OSError)):
            handshake(edge, ssl.TLSVersion.TLSv1_1)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", edge.settings.edge_port), timeout=TIMEOUT_S)

        write_certificate(tmp_path, "second")
        assert edge.edge.reload_if_changed() is True
        end = time.monotonic() + TAKEN_UP_S
        while handshake(edge, ssl.TLSVersion.TLSv1_3)[1] == first:
            assert time.monotonic() < end
            time.sleep(0.05)

        good = key.read_bytes()
        key.write_bytes(b"no key")
        assert edge.edge.reload_if_changed() is False
        assert "nginx refuses" in edge.lines[-1]
        assert good not in edge.lines[-1].encode()
        handshake(edge, ssl.TLSVersion.TLSv1_3)


def test_answers_over_tls_tell_browsers_to_stay_with_it(tmp_path: Path, backend: Backend) -> None:
    cert, key = write_certificate(tmp_path, "first")
    with running_edge(tmp_path, backend, tls_cert=str(cert), tls_key=str(key)) as edge:
        context = ssl.create_default_context(cafile=str(cert))
        context.check_hostname = False
        for path, status in (("/v1/models", b"200"), ("/nothing", b"404")):
            with (
                socket.create_connection(("127.0.0.1", edge.edge.port), timeout=TIMEOUT_S) as plain,
                context.wrap_socket(plain) as connection,
            ):
                connection.sendall(
                    f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
                )
                told = b"".join(iter(lambda: connection.recv(65_536), b""))
            assert told[9:12] == status
            assert b"Strict-Transport-Security: max-age=31536000" in told
