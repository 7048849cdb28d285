"""OpenDocument packages behind a password (ODF 1.2 part 3, section 3.4, and the whole packages of ODF 1.4)."""

import base64
import binascii
import hashlib
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from lxml import etree

from dataflowtools.src.drivenadapters.documents import safe_xml
from dataflowtools.src.drivenadapters.documents.zip_package import (
    MAX_RATIO,
    MAX_TOTAL_BYTES,
    RATIO_FREE_BYTES,
    ZipPackage,
)
from dataflowtools.src.errors import CorruptFile, DecompressionLimit, PasswordIncorrect, PasswordRequired

MANIFEST = "META-INF/manifest.xml"
_M = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
_LOEXT = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}"
_WHOLE = "encrypted-package"
_CHECKED_BYTES = 1024
_MAX_ITERATIONS = 5_000_000
_MAX_MEMORY_KIB = 256 * 1024
_KEY_BYTES = {"aes256": 32, "aes192": 24}
_HASHES: Mapping[str, Callable[[bytes], bytes]] = {
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipe:
    """How one part is encrypted, as the manifest tells it."""

    algorithm: str
    vector: bytes
    checksum: bytes
    checksum_by: str
    start_key_by: str
    derivation: str
    salt: bytes
    key_bytes: int
    iterations: int
    argon2: tuple[int, int, int]


def is_encrypted_odf(file: BinaryIO) -> bool:
    """Tell whether an OpenDocument package has encrypted parts."""
    package = ZipPackage(file)
    return MANIFEST in package and b"encryption-data" in package.read(MANIFEST)


def decrypt_odf(file: BinaryIO, password: str | None, scratch: Path) -> BinaryIO:
    """Return the plain package; raises PasswordRequired, PasswordIncorrect, CorruptFile or DecompressionLimit."""
    if not password:
        raise PasswordRequired("The document is encrypted; give its password.", field="password")
    package = ZipPackage(file)
    manifest = safe_xml.parse(package.read(MANIFEST), f"The part {MANIFEST}")
    recipes = _recipes(manifest)
    plain: BinaryIO = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115  # the caller closes it
    try:
        if _WHOLE in recipes:
            plain.write(_plain(package.read(_WHOLE), recipes[_WHOLE], password, MAX_TOTAL_BYTES))
        else:
            _write(plain, package, manifest, recipes, password)
    except BaseException:
        plain.close()
        raise
    plain.seek(0)
    return plain


def _write(
    plain: BinaryIO,
    package: ZipPackage,
    manifest: safe_xml.Element,
    recipes: Mapping[str, _Recipe],
    password: str,
) -> None:
    left = MAX_TOTAL_BYTES
    with zipfile.ZipFile(plain, "w") as made:
        for name in package.names():
            if name == MANIFEST or name.endswith("/"):
                continue
            data = package.read(name)
            if name in recipes:
                data = _plain(data, recipes[name], password, left)
            left -= len(data)
            made.writestr(zipfile.ZipInfo(name), data)
        made.writestr(MANIFEST, etree.tostring(manifest))


def _recipes(manifest: safe_xml.Element) -> dict[str, _Recipe]:
    """Read how parts are encrypted, and take it out, so that the manifest is that of the plain package."""
    found = {}
    try:
        for entry in manifest.iter(_M + "file-entry"):
            for told in entry.findall(_M + "encryption-data"):
                found[entry.get(_M + "full-path", "")] = _recipe(told)
                entry.remove(told)
    except (ValueError, AttributeError, binascii.Error) as exc:
        raise CorruptFile("The manifest does not tell how the document is encrypted.") from exc
    return found


def _recipe(told: safe_xml.Element) -> _Recipe:
    algorithm, derivation = told.find(_M + "algorithm"), told.find(_M + "key-derivation")
    start = told.find(_M + "start-key-generation")
    names = ("argon2-iterations", "argon2-memory", "argon2-lanes")
    times, memory, lanes = (
        int(derivation.get(_LOEXT + name, derivation.get(_M + name, "0"))) for name in names
    )
    recipe = _Recipe(
        algorithm=_last(algorithm.get(_M + "algorithm-name")),
        vector=base64.b64decode(algorithm.get(_M + "initialisation-vector", "")),
        checksum=base64.b64decode(told.get(_M + "checksum", "")),
        checksum_by=_last(told.get(_M + "checksum-type", "")).removesuffix("-1k").removesuffix("/1k"),
        start_key_by="sha1" if start is None else _last(start.get(_M + "start-key-generation-name")),
        derivation=_last(derivation.get(_M + "key-derivation-name")),
        salt=base64.b64decode(derivation.get(_M + "salt", "")),
        key_bytes=int(derivation.get(_M + "key-size", "0")),
        iterations=int(derivation.get(_M + "iteration-count", "1")),
        argon2=(times, memory, lanes),
    )
    if not 0 < recipe.iterations <= _MAX_ITERATIONS or memory > _MAX_MEMORY_KIB or times > _MAX_MEMORY_KIB:
        raise CorruptFile("The document's key would take more work than is done for one.")
    return recipe


def _last(name: str) -> str:
    """Return the end of an address, where the name of a method stands, in small letters."""
    return name.rpartition("#")[2].rpartition(":")[2].lower()


def _plain(data: bytes, recipe: _Recipe, password: str, limit: int) -> bytes:
    try:
        packed = _decrypted(data, recipe, _key(recipe, password))
        right = _is_right(packed, recipe)
    except InvalidTag as exc:
        raise PasswordIncorrect("The password does not open the document.", field="password") from exc
    except (ValueError, KeyError, IndexError) as exc:
        raise CorruptFile(
            "The encrypted document is broken, or encrypted in a way that is not known."
        ) from exc
    if not right:
        raise PasswordIncorrect("The password does not open the document.", field="password")
    return packed if packed.startswith(b"PK\x03\x04") else _inflated(packed, limit)


def _is_right(packed: bytes, recipe: _Recipe) -> bool:
    """Compare the checksum; a mode that authenticates needs none."""
    if not recipe.checksum:
        return recipe.algorithm.endswith("-gcm")
    return _HASHES[recipe.checksum_by](packed[:_CHECKED_BYTES]) == recipe.checksum


def _inflated(packed: bytes, limit: int) -> bytes:
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = unpacking.decompress(packed, min(limit, max(RATIO_FREE_BYTES, MAX_RATIO * len(packed))))
    except zlib.error as exc:
        raise CorruptFile("A part of the encrypted document is broken.") from exc
    if unpacking.unconsumed_tail:
        raise DecompressionLimit("The encrypted document unpacks to more than it may.")
    return data


def _key(recipe: _Recipe, password: str) -> bytes:
    start = _HASHES[recipe.start_key_by](password.encode())
    length = recipe.key_bytes or _KEY_BYTES.get(recipe.algorithm[:6], 16)
    if recipe.derivation == "argon2id":
        times, memory, lanes = recipe.argon2
        derive = Argon2id(salt=recipe.salt, length=length, iterations=times, lanes=lanes, memory_cost=memory)
        return derive.derive(start)
    if recipe.derivation != "pbkdf2":
        raise KeyError(recipe.derivation)
    prescribed = hashes.SHA1()  # noqa: S303  # by ODF
    return PBKDF2HMAC(prescribed, length, recipe.salt, recipe.iterations).derive(start)


def _decrypted(data: bytes, recipe: _Recipe, key: bytes) -> bytes:
    if recipe.algorithm.endswith("-gcm"):
        return AESGCM(key).decrypt(recipe.vector, data.removeprefix(recipe.vector), None)
    if recipe.algorithm.startswith("blowfish"):
        return _run(Cipher(Blowfish(key), CFB(recipe.vector)), data)
    if recipe.algorithm.endswith("-cbc"):
        padded = _run(Cipher(algorithms.AES(key), modes.CBC(recipe.vector)), data)
        return padded[: -padded[-1]]
    raise KeyError(recipe.algorithm)


def _run(cipher: Cipher[Any], data: bytes) -> bytes:
    decryptor = cipher.decryptor()
    return decryptor.update(data) + decryptor.finalize()
