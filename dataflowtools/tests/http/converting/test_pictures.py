"""Pictures as pages and pages as pictures: sizes, frames, zips."""

import io
import zipfile

import pypdfium2 as pdfium
import pytest
from PIL import Image

from dataflowtools.tests.http.converting.converting import converted, picture, word

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_pictures_become_pages_and_pages_pictures(client):
    page, _ = await converted(client, picture("JPEG", quality=95), "a.jpg", "pdf")
    drawn, made = await converted(client, page, "a.pdf", "png", dpi=96)
    image = Image.open(io.BytesIO(drawn))

    assert (made["name"], made["media_type"]) == ("a.png", "image/png")
    assert image.size == (60, 40)
    assert all(
        abs(a - b) < 8 for a, b in zip(image.convert("RGB").getpixel((30, 20)), (200, 30, 30), strict=True)
    )


async def test_a_turned_photograph_is_set_upright(client):
    exif = Image.Exif()
    exif[0x0112] = 6
    photograph = picture("JPEG", exif=exif)
    upright, _ = await converted(client, photograph, "a.jpg", "png")
    page, _ = await converted(client, photograph, "a.jpg", "pdf")
    document = pdfium.PdfDocument(page)
    size = document[0].get_size()
    document.close()

    assert Image.open(io.BytesIO(upright)).size == (40, 60)
    assert size[0] < size[1]


async def test_several_pages_come_in_a_zip_and_chosen_ones_alone(client):
    document = word(*(f"line {number}" for number in range(120)))
    many, made = await converted(client, document, "a.docx", "png", dpi=30)
    one, alone = await converted(client, document, "a.docx", "png", dpi=30, pages="2")

    assert made["media_type"] == "application/zip"
    assert zipfile.ZipFile(io.BytesIO(many)).namelist()[:2] == ["page-0001.png", "page-0002.png"]
    assert "pages_in_zip" in [warning["code"] for warning in made["warnings"]]
    assert alone["media_type"] == "image/png"
    assert Image.open(io.BytesIO(one)).format == "PNG"


async def test_several_pages_are_one_tiff(client):
    document = word(*(f"line {number}" for number in range(120)))
    scan, made = await converted(client, document, "a.docx", "tiff", dpi=50)
    page, _ = await converted(client, document, "a.docx", "png", dpi=50, pages="2")
    frames = Image.open(io.BytesIO(scan))
    frames.seek(1)

    assert (made["name"], made["media_type"]) == ("a.tif", "image/tiff")
    assert frames.n_frames >= 3
    assert frames.convert("RGB").tobytes() == Image.open(io.BytesIO(page)).convert("RGB").tobytes()


async def test_every_frame_of_an_animation_goes_into_a_tiff(client):
    colours = ((200, 30, 30), (30, 200, 30), (30, 30, 200))
    first, *others = (Image.new("RGB", (60, 40), colour) for colour in colours)
    held = io.BytesIO()
    first.save(held, "GIF", save_all=True, append_images=others, duration=100)
    kept, made = await converted(client, held.getvalue(), "a.gif", "tiff")
    frames = Image.open(io.BytesIO(kept))
    seen = [
        frames.seek(number) or frames.convert("RGB").getpixel((5, 5)) for number in range(frames.n_frames)
    ]

    assert seen == list(colours)
    assert made["warnings"] == []
