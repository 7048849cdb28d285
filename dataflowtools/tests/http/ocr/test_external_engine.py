"""The external engine at OCR_SERVICE_URL: asked first, left alone when it fails, never fatal."""

import pytest

from dataflowtools.tests.http.ocr import drawn_pages as drawn
from dataflowtools.tests.http.ocr.reference_ocr_server import reference_ocr_server
from dataflowtools.tests.http.ocr.seeing_client import SeeingClient
from dataflowtools.tests.http_service import running
from servicekit.testing import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")
PICTURE = drawn.png(drawn.page(["TOTAL 4711"], size=40, path=drawn.LATIN_FONT))


async def test_it_is_asked_falls_back_is_left_alone_and_asked_again(tmp_path):
    async with (
        reference_ocr_server() as (url, engine),
        running(tmp_path, ocr_service_url=url, ocr_service_timeout_s=3.0) as client,
    ):
        seeing = SeeingClient(client)
        found = await seeing.extract(PICTURE, orientation="0", languages="zh,en")
        assert (found["pages"][0]["engine"], found["text"]) == ("external", "first line\nsecond line")
        query, headers, body = engine.requests[0]
        assert query["languages"] == [b"zh,en"]
        assert headers["Content-Type"] == "image/png"
        assert body.startswith(b"\x89PNG")

        for mode in ("broken", "rubbish", "infinite"):
            engine.mode = mode
            found = await seeing.extract(PICTURE, orientation="0")
            assert (found["pages"][0]["engine"], found["text"]) == ("rapidocr", "TOTAL 4711")
            assert [warning["code"] for warning in found["warnings"]] == ["external_engine_unavailable"]

        asked = len(engine.requests)
        found = await seeing.extract(PICTURE, orientation="0")
        assert len(engine.requests) == asked, "the circuit is open"
        assert "left alone" in found["warnings"][0]["message"]
        problem = await seeing.post("extract", PICTURE, orientation="0", engine="external")
        assert_problem(problem, 503, "ocr_service_unavailable")
        health = (await client.request("GET", "/api/health")).json()
        assert health["checks"]["ocr"]["external"] == "open"


async def test_a_slow_engine_costs_its_timeout_only(tmp_path):
    async with (
        reference_ocr_server() as (url, engine),
        running(tmp_path, ocr_service_url=url, ocr_service_timeout_s=0.5) as client,
    ):
        engine.mode = "slow"
        found = await SeeingClient(client).extract(PICTURE, orientation="0")
        assert found["text"] == "TOTAL 4711"
        assert found["warnings"][0]["code"] == "external_engine_unavailable"


async def test_without_one_it_cannot_be_asked_for(seeing):
    assert_problem(await seeing.post("extract", PICTURE, engine="external"), 422, "invalid_selection")
