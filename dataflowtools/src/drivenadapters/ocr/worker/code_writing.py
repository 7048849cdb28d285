"""The job that draws a code."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import zxingcpp

from dataflowtools.src.drivenadapters.ocr.worker.page_jobs import as_png
from dataflowtools.src.drivenadapters.ocr.worker.symbologies import creatable
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.errors import InvalidCode

_MAX_SIDE_PX = 8000
_CAPITALS = {zxingcpp.BarcodeFormat.Code39, zxingcpp.BarcodeFormat.Code39Std}


def draw_code(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Draw one code as PNG or SVG; InvalidCode when the symbology cannot hold the content."""
    wanted = creatable(str(arguments["format"]))
    content: str | bytes = str(arguments["text"])
    if arguments.get("bytes"):
        content = base64.b64decode(str(arguments["bytes"]))
    if wanted in _CAPITALS and content != content.upper():
        raise InvalidCode(f"{wanted.name} has no small letters; Code39Ext has.", field="/text")
    try:
        barcode = zxingcpp.create_barcode(content, wanted, **_options(arguments))
    except (ValueError, RuntimeError, TypeError) as exc:
        field = "/error_correction" if "ecLevel" in str(exc) else "/text"
        raise InvalidCode(f"{wanted.name} cannot hold this: {_reason(exc)}", field=field) from exc
    look = {"add_hrt": bool(arguments["human_readable"]), "add_quiet_zones": bool(arguments["quiet_zone"])}
    scale = int(arguments["scale"])
    if arguments["output"] == "svg":
        svg = zxingcpp.write_barcode_to_svg(barcode, scale=scale, **look)
        job.blobs.append(_without_doctype(svg).encode())
        return {"format": barcode.format.name}
    picture = np.array(zxingcpp.write_barcode_to_image(barcode, scale=1, **look))
    if max(picture.shape) * scale > _MAX_SIDE_PX:
        raise InvalidCode(f"At this scale a side has more than {_MAX_SIDE_PX} pixels.", field="/scale")
    picture = np.array(zxingcpp.write_barcode_to_image(barcode, scale=scale, **look))
    job.blobs.append(as_png(np.ascontiguousarray(picture)))
    return {"format": barcode.format.name, "width": picture.shape[1], "height": picture.shape[0]}


def _options(arguments: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if arguments.get("level"):
        options["ec_level"] = str(arguments["level"])
    if arguments.get("gs1"):
        options["gs1"] = True
    return options


def _reason(error: Exception) -> str:
    """What the encoder says, without its numbers."""
    return str(error).split(" (retval")[0].removeprefix("Error ").lstrip("0123456789: ")[:200]


def _without_doctype(svg: str) -> str:
    """A document type would only make readers refuse or fetch."""
    start = svg.find("<!DOCTYPE")
    end = svg.find(">", start)
    return svg if start < 0 else svg[:start] + svg[end + 1 :].lstrip()
