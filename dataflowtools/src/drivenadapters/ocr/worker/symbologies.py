"""Symbologies by the names that people write: EAN-13, ean13 and EAN13 are one."""

from collections.abc import Sequence

import zxingcpp

from dataflowtools.src.errors import InvalidCode, InvalidSelection

_UPC_LENGTH = 13


def readable(names: Sequence[str]) -> frozenset[str]:
    """Name the formats wanted as the reader does; raises InvalidSelection for one that is never found."""
    known = _names(zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.AllReadable))
    found = [_format(name) for name in names]
    for name, one in zip(names, found, strict=True):
        if one is None or one.name not in known:
            raise InvalidSelection(
                f"No codes of the format {name[:40]!r} are read; these are: {', '.join(sorted(known))}.",
                field="/formats",
            )
    return frozenset(one.name for one in found if one is not None)


def creatable(name: str) -> zxingcpp.BarcodeFormat:
    """Find the format to be drawn; raises InvalidCode where none has this name."""
    known = _names(zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.AllCreatable))
    found = _format(name)
    if found is None or found.name not in known:
        raise InvalidCode(
            f"There is no format {name[:40]!r} that is drawn; these are: {', '.join(sorted(known))}.",
            field="/format",
        )
    return found


def is_wanted(name: str, family: str, text: str, wanted: frozenset[str]) -> bool:
    """Whether a code is among the wanted formats; UPC-A is read as an EAN-13 that begins with a zero."""
    as_upc = name == "EAN13" and len(text) == _UPC_LENGTH and text.startswith("0")
    return bool(wanted & {name, family, "UPCA" if as_upc else name})


def _format(name: str) -> zxingcpp.BarcodeFormat | None:
    try:
        return zxingcpp.barcode_format_from_str(name)
    except ValueError:
        return None


def _names(group: zxingcpp.BarcodeFormats) -> set[str]:
    return {one.name for one in zxingcpp.barcode_formats_list(group)}
