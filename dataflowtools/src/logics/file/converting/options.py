"""What a caller may choose about a conversion."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertOptions:
    """Choices that the steps they concern look at; the password is no part of what is shown or kept."""

    pages: str = ""
    dpi: int = 150
    quality: int = 90
    sheet: str | int | None = None
    encoding: str = ""
    delimiter: str = ""
    pdf_a: bool = False
    one_page_sheets: bool = False
    escape_formulas: bool = False
    password: str | None = None
