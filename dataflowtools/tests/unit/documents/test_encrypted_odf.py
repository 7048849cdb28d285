"""OpenDocument behind a password: one that LibreOffice wrote, and every way of the specification; row 37's rule."""

import base64
import hashlib
import io
import zipfile
import zlib
from pathlib import Path

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from dataflowtools.src import errors
from dataflowtools.tests.unit.documents.making import read

SAMPLE = (Path(__file__).parent / "samples" / "password.ods").read_bytes()
PLAIN = (Path(__file__).parent / "made_by" / "libreoffice.odt").read_bytes()
SALT, PASSWORD = b"0123456789abcdef", "geheim 密"
MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"


def test_what_libreoffice_encrypted_opens_with_its_password_only():
    with pytest.raises(errors.PasswordRequired):
        read(SAMPLE, "a.ods")
    with pytest.raises(errors.PasswordIncorrect):
        read(SAMPLE, "a.ods", password="12345")
    answer = read(SAMPLE, "a.ods", password="1234")
    assert answer.grid()[0][:3] == ["String", "1", "1.1"]
    assert answer.metadata["application"].startswith("LibreOffice")


def deflated(data: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-15)
    return packing.compress(data) + packing.flush()


def stretched(start: bytes, length: int) -> bytes:
    return PBKDF2HMAC(hashes.SHA1(), length, SALT, 1000).derive(start)


def aes(data: bytes, size: int) -> tuple[bytes, str]:
    key = stretched(hashlib.sha256(PASSWORD.encode()).digest(), size // 8)
    pad = 16 - len(data) % 16
    cipher = Cipher(algorithms.AES(key), modes.CBC(SALT)).encryptor()
    start = '<m:start-key-generation m:start-key-generation-name="http://www.w3.org/2000/09/xmldsig#sha256" m:key-size="32"/>'
    made = cipher.update(data + bytes(pad - 1) + bytes([pad])) + cipher.finalize()
    return made, told(
        f"http://www.w3.org/2001/04/xmlenc#aes{size}-cbc", SALT, data, "sha256", start, size // 8
    )


def blowfish(data: bytes, _: int) -> tuple[bytes, str]:
    key = stretched(hashlib.sha1(PASSWORD.encode()).digest(), 16)
    cipher = Cipher(Blowfish(key), CFB(SALT[:8])).encryptor()
    return cipher.update(data) + cipher.finalize(), told("Blowfish CFB", SALT[:8], data, "sha1", "", 16)


def told(algorithm: str, vector: bytes, data: bytes, by: str, start: str, size: int) -> str:
    checksum = base64.b64encode(hashlib.new(by, data[:1024]).digest()).decode()
    kind = "SHA1/1K" if by == "sha1" else f"{MANIFEST}#sha256-1k"
    return (
        f'<m:encryption-data m:checksum-type="{kind}" m:checksum="{checksum}">'
        f'<m:algorithm m:algorithm-name="{algorithm}" m:initialisation-vector="{text(vector)}"/>{start}'
        f'<m:key-derivation m:key-derivation-name="PBKDF2" m:key-size="{size}" m:iteration-count="1000" m:salt="{text(SALT)}"/>'
        "</m:encryption-data>"
    )


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def package(
    parts: dict[str, tuple[bytes, str]], kind: str = "application/vnd.oasis.opendocument.text"
) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        made.writestr("mimetype", kind)
        for name, (data, _) in parts.items():
            made.writestr(name, data)
        rows = "".join(
            f'<m:file-entry m:full-path="{name}" m:size="9">{how}</m:file-entry>'
            for name, (_, how) in parts.items()
        )
        made.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{MANIFEST}">{rows}</m:manifest>')
    return held.getvalue()


def encrypted(way, argument) -> bytes:
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as source:
        parts = {name: source.read(name) for name in ("content.xml", "styles.xml", "meta.xml")}
    return package({name: way(deflated(data), argument) for name, data in parts.items()})


def whole(memory: int = 64) -> bytes:
    """A package within a package, as LibreOffice writes since 24.8."""
    start = hashlib.sha256(PASSWORD.encode()).digest()
    key = Argon2id(salt=SALT, length=32, iterations=2, lanes=2, memory_cost=64).derive(start)
    data = SALT[:12] + AESGCM(key).encrypt(SALT[:12], deflated(PLAIN), None)
    lo = "urn:org:documentfoundation:names:experimental:office"
    how = (
        '<m:encryption-data><m:algorithm m:algorithm-name="http://www.w3.org/2009/xmlenc11#aes256-gcm" '
        f'm:initialisation-vector="{text(SALT[:12])}"/><m:start-key-generation '
        'm:start-key-generation-name="http://www.w3.org/2001/04/xmlenc#sha256" m:key-size="32"/>'
        f'<m:key-derivation m:key-derivation-name="{lo}:manifest:argon2id" m:key-size="32" m:salt="{text(SALT)}" '
        f'xmlns:l="{lo}:xmlns:loext:1.0" l:argon2-iterations="2" l:argon2-memory="{memory}" l:argon2-lanes="2"/>'
        "</m:encryption-data>"
    )
    return package({"encrypted-package": (data, how)})


WAYS = {
    "aes256": lambda: encrypted(aes, 256),
    "aes128": lambda: encrypted(aes, 128),
    "blowfish": lambda: encrypted(blowfish, 128),
    "whole package": whole,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_the_specification_opens(way):
    data = WAYS[way]()
    with pytest.raises(errors.PasswordRequired):
        read(data, "a.odt")
    with pytest.raises(errors.PasswordIncorrect):
        read(data, "a.odt", password="wrong")
    answer = read(data, "a.odt", password=PASSWORD)
    assert answer.metadata["title"] == "Quarterly report"
    assert "Apples" in str(answer.content)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b'iteration-count="1000"', b'iteration-count="999999999"'),
        lambda data: data.replace(b"aes256-cbc", b"aes256-xyz"),
        lambda data: data.replace(b'derivation-name="PBKDF2"', b'derivation-name="rot13"'),
        lambda data: data.replace(b"<m:algorithm ", b"<m:nothing "),
        lambda data: data.replace(b'iteration-count="1000"', b'iteration-count="many"'),
    ],
)
def test_a_manifest_that_cannot_be_followed_is_corrupt(change):
    held, made = io.BytesIO(), encrypted(aes, 256)
    with zipfile.ZipFile(io.BytesIO(made)) as source, zipfile.ZipFile(held, "w") as target:
        for name in source.namelist():
            target.writestr(name, change(source.read(name)) if name.startswith("META") else source.read(name))
    with pytest.raises(errors.CorruptFile):
        read(held.getvalue(), "a.odt", password=PASSWORD)


def test_a_key_that_would_take_all_memory_is_refused():
    with pytest.raises(errors.CorruptFile):
        read(whole(memory=64 << 20), "a.odt", password=PASSWORD)


def test_an_encrypted_bomb_is_refused():
    bomb = package({"content.xml": aes(deflated(bytes(40 << 20)), 256)})
    with pytest.raises(errors.DecompressionLimit):
        read(bomb, "a.odt", password=PASSWORD)
