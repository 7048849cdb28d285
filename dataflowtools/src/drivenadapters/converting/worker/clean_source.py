"""What a text asks its reader to fetch before there is a tree to clean: pandoc refuses the whole text for it."""

import re

_INCLUDE = re.compile(
    r"^(?P<margin>[ \t]*)\.\. (?:include|literalinclude)::[ \t]*(?P<name>[^\n]*)(?:\n(?P=margin)[ \t]+\S[^\n]*)*\n?",
    re.MULTILINE,
)
_OPTION = re.compile(r"^[ \t]+:(?:file|url):[ \t]*(?P<name>[^\n]*)\n?", re.MULTILINE)
_MAX_TOLD = 20


def clean_source(source: str, text: str) -> tuple[str, list[str]]:
    """Return the text without them, and what was taken out in words."""
    if source != "rst":
        return text, []
    told: list[str] = []

    def note(found: re.Match[str]) -> str:
        told.append(f"A file was not included: {found['name'].strip()[:200]}")
        return ""

    for directive in (_INCLUDE, _OPTION):
        text = directive.sub(note, text)
    return text, told[:_MAX_TOLD]
