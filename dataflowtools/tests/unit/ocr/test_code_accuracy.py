"""162 drawn codes, six symbologies in nine ways: at least 156 are read and nothing false."""

import os
from pathlib import Path

import numpy as np
import pytest

from dataflowtools.src.drivenadapters.ocr.worker import code_jobs, second_opinion
from dataflowtools.tests.unit.ocr.drawn_codes import draw, drawn_codes, noisy

SAMPLES = Path(__file__).resolve().parents[5] / "shared" / "data" / "barcodes"
FLOORS = {
    "aztec-1": 32, "code128-1": 6, "datamatrix-1": 30, "ean13-1": 15, "pdf417-1": 17, "qrcode-1": 8, "upca-1": 5,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def with_zbar():
    second_opinion.warm_up()
    if not second_opinion.is_there():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("libzbar0 is not installed")


def read(picture, *, formats=frozenset()):
    return code_jobs.codes_on(picture, formats=formats, retries=True)


def test_drawn_codes_are_read():
    missed, false = [], []
    for code in drawn_codes():
        texts = {found["text"] for found in read(code.picture)}
        if code.text not in texts:
            missed.append((code.format, code.name, code.text))
        if texts - {code.text}:
            false.append((code.format, code.name, texts))
    assert false == []
    assert len(missed) <= 6, missed


def test_pictures_without_codes_hold_none():
    generator = np.random.default_rng(5)
    assert read(np.full((200, 300), 255, np.uint8)) == []
    assert read(noisy(np.full((240, 320), 128, np.uint8), generator)) == []
    stripes = np.tile(np.repeat(np.array([0, 255], np.uint8), 6), (100, 20))
    assert read(np.ascontiguousarray(stripes)) == []


def test_several_codes_in_one_picture_stand_where_they_are():
    sheet = np.full((700, 900), 255, np.uint8)
    places = {
        ("QRCode", "first"): (20, 30),
        ("DataMatrix", "second"): (400, 40),
        ("Code128", "THIRD"): (60, 450),
    }
    for (name, text), (left, top) in places.items():
        drawn = draw(name, text)
        sheet[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    found = {(code["format"], code["text"]): np.mean(code["polygon"], axis=0) for code in read(sheet)}
    assert set(found) == set(places)
    for (name, text), (left, top) in places.items():
        drawn = draw(name, text)
        centre = (left + drawn.shape[1] / 2, top + drawn.shape[0] / 2)
        assert np.allclose(found[name, text], centre, atol=25)


def test_formats_narrow_the_search():
    picture = draw("QRCode", "only me")
    assert [code["format"] for code in read(picture, formats=frozenset({"QRCode"}))] == ["QRCode"]
    assert read(picture, formats=frozenset({"EAN13"})) == []


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not beside the repository")
@pytest.mark.parametrize("folder", FLOORS)
def test_real_samples(folder):
    right = sum(_is_right(path) for path in _pictures(folder))
    assert right >= FLOORS[folder]


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not beside the repository")
def test_real_pictures_without_codes():
    assert {path.name: codes for path in _pictures("falsepositives-1") if (codes := _codes(path))} == {}


def _pictures(folder):
    return [path for path in sorted((SAMPLES / folder).iterdir()) if path.suffix in {".png", ".jpg", ".webp"}]


def _codes(path):
    from dataflowtools.tests.unit.ocr.jobs import job_with

    limits = {"number": 1, "max_pixels": 80_000_000, "working_pixels": 20_000_000, "retries": True}
    return code_jobs.read_codes(job_with(path.read_bytes()), limits)["codes"]


def _is_right(path):
    import base64

    text, data = path.with_suffix(".txt"), path.with_suffix(".bin")
    codes = _codes(path)
    if text.exists():
        wanted = text.read_text(encoding="utf-8", errors="replace").split()
        return any(code["text"].split() == wanted for code in codes)
    return data.exists() and any(base64.b64decode(code["bytes"]) == data.read_bytes() for code in codes)
