"""Jobs that change or repack pages which are plain pictures already."""

import io
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from PIL import Image

from dataflowtools.src.drivenadapters.ocr.worker.page_jobs import as_array, as_png
from dataflowtools.src.drivenadapters.workers.job import Job

_JPEG_QUALITY = 80


def redact(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Paint polygons black: the pixels beneath are gone, not covered."""
    page = as_array(job.files[0].read())
    for polygon in arguments["polygons"]:
        corners = np.round(np.array(polygon, dtype=np.float64)).astype(np.int32)
        cv2.fillPoly(page, [corners], 0 if page.ndim == 2 else (0, 0, 0))  # noqa: PLR2004  # grey
    job.blobs.append(as_png(page))
    return {}


def mask(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Keep only the regions of a page; everything else becomes its ground colour."""
    page = as_array(job.files[0].read())
    ground = np.median(page, axis=(0, 1)).astype(np.uint8)
    kept = np.empty_like(page)
    kept[:] = ground
    for left, top, right, bottom in arguments["regions"]:
        window = np.s_[max(0, int(top)) : max(0, int(bottom)), max(0, int(left)) : max(0, int(right))]
        kept[window] = page[window]
    job.blobs.append(as_png(kept))
    return {}


def compress(job: Job, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Pack a page as JPEG for a PDF."""
    del arguments
    page = as_array(job.files[0].read())
    image = Image.fromarray(page if page.ndim == 2 else page[:, :, ::-1])  # noqa: PLR2004  # grey
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=_JPEG_QUALITY, optimize=False)
    job.blobs.append(packed.getvalue())
    return {"width": image.width, "height": image.height, "grey": image.mode == "L"}
