"""What may stay in a pandoc document that came from a stranger: nothing that names a file, an address or markup."""

from collections.abc import Callable, Mapping
from typing import Any

from dataflowtools.src.logics.file.documents.render_html import safe_link

_METADATA = frozenset(
    {"title", "subtitle", "author", "date", "abstract", "lang", "keywords", "description", "subject"}
)
_ATTRIBUTE_PARTS = 3
_MAX_TOLD = 20
_RAW = "Raw markup within the document was left out."
_EMPTY: Mapping[str, Any] = {"RawInline": {"t": "Str", "c": ""}, "RawBlock": {"t": "Plain", "c": []}}


class _Told(list[str]):
    """What was taken out, and where pictures of the document's own are."""

    def __init__(self, held: Callable[[str], str]) -> None:
        super().__init__()
        self.held = held


def clean_tree(
    tree: dict[str, Any], held: Callable[[str], str] = lambda _: ""
) -> tuple[dict[str, Any], list[str]]:
    """Return the tree without them, and what was taken out in words; `held` gives pictures of the document's own."""
    told = _Told(held)
    cleaned = dict(tree)
    cleaned["meta"] = {name: _clean(value, told) for name, value in tree["meta"].items() if name in _METADATA}
    cleaned["blocks"] = _clean(tree["blocks"], told)
    return cleaned, told[:_MAX_TOLD]


def _clean(node: Any, told: _Told) -> Any:
    if isinstance(node, list):
        if _is_attribute(node):
            return [node[0], node[1], [pair for pair in node[2] if _harmless(pair[0])]]
        return [_clean(one, told) for one in node]
    if not isinstance(node, dict):
        return node
    return _clean_element(node, told)


def _clean_element(node: dict[str, Any], told: _Told) -> dict[str, Any]:
    kind = str(node.get("t", ""))
    if kind in _EMPTY:
        if _RAW not in told:
            told.append(_RAW)
        return dict(_EMPTY[kind])
    if kind == "Image":
        return _image(node, told)
    if kind == "Link":
        attribute, text, (address, title) = node["c"]
        return {"t": "Link", "c": [_clean(attribute, told), _clean(text, told), [safe_link(address), title]]}
    return {name: _clean(value, told) for name, value in node.items()}


def _image(node: dict[str, Any], told: _Told) -> dict[str, Any]:
    """Keep a picture that comes with the document; of any other its text is kept."""
    attribute, text, (address, title) = node["c"]
    data = told.held(address) or address
    if data.startswith("data:image/") and not data.startswith("data:image/svg"):
        return {"t": "Image", "c": [_clean(attribute, told), _clean(text, told), [data, title]]}
    told.append(f"A picture was not fetched: {address[:200]}")
    return {"t": "Span", "c": [["", [], []], _clean(text, told)]}


def _is_attribute(node: list[Any]) -> bool:
    return (
        len(node) == _ATTRIBUTE_PARTS
        and isinstance(node[0], str)
        and isinstance(node[1], list)
        and isinstance(node[2], list)
        and all(isinstance(one, str) for one in node[1])
        and all(isinstance(pair, list) and len(pair) == 2 for pair in node[2])  # noqa: PLR2004  # name and value
    )


def _harmless(name: str) -> bool:
    return not name.lower().startswith(("on", "style", "src", "data-"))
