"""What an Office document keeps that a person should know of before passing it on."""

from typing import BinaryIO

from dataflowtools.src.drivenadapters.documents.opc import OfficePackage
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats


def warn_of_package(file: BinaryIO, caveats: Caveats) -> None:
    """Warn of macros, of references that lead outside, and of a signature; all of them are kept as they are."""
    package = OfficePackage(file)
    listings = [name for name in package.zip.names() if name.endswith(".rels")]
    parts = [name.replace("_rels/", "", 1).removesuffix(".rels") for name in listings]
    for caveat in package.caveats(parts):
        caveats.add(caveat.code, caveat.message)
    if any(name.startswith("_xmlsignatures/") for name in package.zip.names()):
        caveats.add("signature_broken", "The document was signed; the signature does not fit it any more.")
