"""What can be wrong when pictures are read."""

from dataflowtools.src.errors.base import RequestRefused, ServiceTrouble


class InvalidCode(RequestRefused):
    """The symbology cannot hold the content, or nothing can be drawn as asked."""

    code = "invalid_code"


class LanguageUnavailable(RequestRefused):
    """No engine here reads the language."""

    code = "language_unavailable"


class OcrServiceUnavailable(ServiceTrouble):
    """The external OCR engine was asked for by name and does not answer."""

    code = "ocr_service_unavailable"
    retry_after_s = 30
