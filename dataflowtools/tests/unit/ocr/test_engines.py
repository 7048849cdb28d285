"""Which engine reads a page, which way up it is, and when a failing service is left alone."""

import pytest

from dataflowtools.src.errors import (
    EngineMissing,
    InvalidSelection,
    LanguageUnavailable,
    OcrServiceUnavailable,
    WorkerCrashed,
)
from dataflowtools.src.logics.ocr.circuit_breaker import CircuitBreaker
from dataflowtools.src.logics.ocr.find_orientation import FindOrientation, Orientation
from dataflowtools.src.logics.ocr.ports.text_engine import Turn
from dataflowtools.src.logics.ocr.route_engines import PageToRead, RouteEngines
from dataflowtools.tests.fakes.text_engine import BrokenTextEngine, FakeOrientationFinder, FakeTextEngine

PNG = b"page"


def rapid(**more):
    return FakeTextEngine({PNG: ["by rapid"]}, name="rapidocr", **more)


def tesseract(*languages, **more):
    return FakeTextEngine({PNG: ["by tesseract"]}, name="tesseract", languages=languages, **more)


def route(**engines):
    return RouteEngines(**{"rapid": rapid(), "tesseract": tesseract("en", "de"), **engines})


async def ask(router, *languages, engine="auto"):
    return await router(PageToRead(png=PNG, languages=languages or ("zh", "en"), engine=engine))


async def test_chinese_and_mixed_pages_are_rapids():
    assert (await ask(route())).engine == "rapidocr"
    assert (await ask(route(), "zh")).engine == "rapidocr"


def test_the_engine_that_will_read_is_started_early():
    for languages, engine, prepared in (
        (("zh", "en"), "auto", 1), (("zh",), "rapidocr", 1), (("en",), "auto", 0), (("zh",), "tesseract", 0),
    ):  # fmt: skip
        fast = rapid()
        route(rapid=fast).prepare(languages, engine)
        assert fast.prepared == prepared
    fast = rapid()
    route(rapid=fast, external=rapid()).prepare(("zh",), "auto")
    assert fast.prepared == 0


async def test_english_alone_is_tesseracts_when_it_is_sure():
    assert (await ask(route(), "en")).engine == "tesseract"
    unsure = route(tesseract=tesseract("en", confidence=0.5))
    assert (await ask(unsure, "en")).engine == "rapidocr"


async def test_without_tesseract_rapid_reads_english_and_says_so():
    found = await ask(route(tesseract=tesseract()), "en")
    assert (found.engine, [caveat.code for caveat in found.caveats]) == ("rapidocr", ["tesseract_missing"])


async def test_further_languages_need_their_pack():
    assert (await ask(route(), "de")).engine == "tesseract"
    with pytest.raises(LanguageUnavailable, match="fr"):
        await ask(route(), "fr")
    with pytest.raises(LanguageUnavailable, match="not installed"):
        await ask(route(tesseract=tesseract()), "de")
    with pytest.raises(LanguageUnavailable, match="PP-OCR"):
        await ask(route(), "fr", engine="rapidocr")


async def test_a_crash_of_rapid_is_read_by_tesseract():
    broken = BrokenTextEngine(WorkerCrashed("crashed"), name="rapidocr")
    found = await ask(route(rapid=broken, tesseract=tesseract("zh", "en")))
    assert (found.engine, found.caveats[0].code) == ("tesseract", "engine_failed")
    with pytest.raises(WorkerCrashed):
        await ask(route(rapid=broken, tesseract=tesseract("en")))
    with pytest.raises(WorkerCrashed):
        await ask(route(rapid=broken, tesseract=tesseract("zh", "en")), engine="rapidocr")


async def test_the_external_engine_comes_first_and_is_replaced_when_it_fails():
    clock = [0.0]
    external = BrokenTextEngine(OcrServiceUnavailable("it does not answer"), name="external")
    breaker = CircuitBreaker(clock=lambda: clock[0], failures_to_open=2, open_s=30)
    router = route(external=external, breaker=breaker)
    for _ in range(3):
        found = await ask(router)
        assert (found.engine, found.caveats[0].code) == ("rapidocr", "external_engine_unavailable")
    assert len(external.asked) == 2, "the third page was not sent"
    with pytest.raises(OcrServiceUnavailable):
        await ask(router, engine="external")
    clock[0] = 31
    assert (await ask(router)).engine == "rapidocr"
    assert len(external.asked) == 3, "one page tries again"
    with pytest.raises(InvalidSelection):
        await ask(route(), engine="external")


def test_a_breaker_lets_one_try_at_a_time_through():
    clock = [0.0]
    breaker = CircuitBreaker(clock=lambda: clock[0], failures_to_open=1, open_s=10)
    assert breaker.allows()
    breaker.failed()
    assert (breaker.state, breaker.allows()) == ("open", False)
    clock[0] = 10
    assert (breaker.state, breaker.allows(), breaker.allows()) == ("half_open", True, False)
    breaker.abandoned()
    assert breaker.allows()
    breaker.succeeded()
    assert (breaker.state, breaker.allows(), breaker.allows()) == ("closed", True, True)


@pytest.mark.parametrize(
    ("letters", "reading", "wanted"),
    [
        (Turn(90, 9.0), None, Orientation(90, certain=True)),
        (Turn(0, 1.5), None, Orientation(0, certain=True)),
        (Turn(180, 1.5), Turn(0, 1.0), Orientation(0, certain=True)),
        (Turn(180, 0.7), Turn(0, 0.0), Orientation(180, certain=False)),
        (Turn(90, 0.4), Turn(0, 0.4), Orientation(90, certain=False)),
        (None, Turn(180, 0.4), Orientation(180, certain=False)),
        (None, None, Orientation(0, certain=False)),
        (EngineMissing("no program"), Turn(270, 1.0), Orientation(270, certain=True)),
    ],
)
async def test_orientation_is_told_by_whoever_is_sure(letters, reading, wanted):
    finder = FindOrientation(
        by_letters=FakeOrientationFinder(letters), by_reading=FakeOrientationFinder(reading)
    )
    assert await finder(PNG) == wanted
