"""What can be wrong with a document that is to be read."""

from dataflowtools.src.errors.base import RequestRefused, ServiceTrouble


class EmptyFile(RequestRefused):
    """The file holds no byte."""

    code = "empty_file"


class CorruptFile(RequestRefused):
    """The file is broken, cut short, or not what it says it is."""

    code = "corrupt_file"


class UnsupportedType(RequestRefused):
    """No handler reads files of this type."""

    code = "unsupported_type"


class UnsupportedConversion(RequestRefused):
    """There is no such target format, or no way to it from this type."""

    code = "unsupported_conversion"


class DecompressionLimit(RequestRefused):
    """The file unpacks to more than it may: entries, bytes, ratio, or a name that leads outside."""

    code = "decompression_limit"


class ForbiddenXml(RequestRefused):
    """The XML declares a document type or entities, or is nested deeper than it may be."""

    code = "forbidden_xml"


class SheetTooLarge(RequestRefused):
    """A sheet spans more rows, columns or cells than are read."""

    code = "sheet_too_large"


class DocumentTooLarge(RequestRefused):
    """The document has more pages, lines or parts than are read."""

    code = "document_too_large"


class ImageTooLarge(RequestRefused):
    """A picture has more pixels than are read."""

    code = "image_too_large"


class PasswordRequired(RequestRefused):
    """The document is encrypted and no password was given."""

    code = "password_required"


class PasswordIncorrect(RequestRefused):
    """The password does not open the document."""

    code = "password_incorrect"


class InvalidSelection(RequestRefused):
    """The pages, sheets, range or options asked for make no sense for this document."""

    code = "invalid_selection"


class EngineMissing(ServiceTrouble):
    """The program that reads this type is not installed here."""

    code = "engine_missing"
    retry_after_s = 3600
