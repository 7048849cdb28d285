"""Formulas of Office documents as linear LaTeX."""

from dataflowtools.src.drivenadapters.documents.safe_xml import Element, local

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_SIGNS = {
    "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∬": r"\iint", "∮": r"\oint", "∞": r"\infty ", "π": r"\pi ",
    "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "θ": r"\theta ", "λ": r"\lambda ",
    "μ": r"\mu ", "σ": r"\sigma ", "φ": r"\phi ", "ω": r"\omega ", "Δ": r"\Delta ", "Σ": r"\Sigma ",
    "Ω": r"\Omega ",
    "×": r"\times ", "·": r"\cdot ", "÷": r"\div ", "±": r"\pm ", "∓": r"\mp ", "≤": r"\leq ", "≥": r"\geq ",
    "≠": r"\neq ", "≈": r"\approx ", "→": r"\to ", "∈": r"\in ", "∂": r"\partial ", "∇": r"\nabla ",
    "√": r"\sqrt ",
    "…": r"\ldots ", "⋯": r"\cdots ", "ε": r"\epsilon ", "ρ": r"\rho ", "τ": r"\tau ", "−": "-",
}  # fmt: skip
_BRACKETS = {
    "{": r"\{",
    "}": r"\}",
    "⌊": r"\lfloor",
    "⌋": r"\rfloor",
    "⌈": r"\lceil",
    "⌉": r"\rceil",
    "": ".",
}
_FUNCTIONS = frozenset(
    (
        "sin",
        "cos",
        "tan",
        "cot",
        "log",
        "ln",
        "lim",
        "max",
        "min",
        "exp",
        "det",
        "sup",
        "inf",
        "sinh",
        "cosh",
        "arg",
    )
)
_ACCENTS = {"̂": "hat", "̃": "tilde", "̅": "overline", "⃗": "vec", "̇": "dot", "̈": "ddot", "": "hat"}


def linear(element: Element) -> str:
    """Write a formula in one line."""
    return " ".join(_inner(element).split())


def _inner(element: Element | None) -> str:
    return "" if element is None else "".join(_one(child) for child in element)


def _part(element: Element, name: str) -> str:
    return _inner(element.find(M + name))


def _setting(element: Element, name: str, default: str) -> str:
    found = element.find(f"{M}{local(element)}Pr/{M}{name}")
    return default if found is None else found.get(M + "val", default)


def _group(text: str) -> str:
    return text if len(text) == 1 else "{" + text + "}"


def _one(element: Element) -> str:  # noqa: C901, PLR0911, PLR0912  # one line a kind of element
    match local(element):
        case "r":
            return "".join(
                _SIGNS.get(sign, sign) for text in element.iterfind(M + "t") for sign in text.text or ""
            )
        case "sSup":
            return f"{_part(element, 'e')}^{{{_part(element, 'sup')}}}"
        case "sSub":
            return f"{_part(element, 'e')}_{{{_part(element, 'sub')}}}"
        case "sSubSup":
            return f"{_part(element, 'e')}_{{{_part(element, 'sub')}}}^{{{_part(element, 'sup')}}}"
        case "sPre":
            return f"{{}}_{{{_part(element, 'sub')}}}^{{{_part(element, 'sup')}}}{_part(element, 'e')}"
        case "f":
            return _fraction(element)
        case "rad":
            degree = _part(element, "deg")
            return rf"\sqrt{f'[{degree}]' if degree else ''}{{{_part(element, 'e')}}}"
        case "nary":
            return _sum(element)
        case "d":
            return _bracketed(element)
        case "func":
            return _function(element)
        case "limLow":
            return rf"{_part(element, 'e')}_{{{_part(element, 'lim')}}}"
        case "limUpp":
            return rf"\overset{{{_part(element, 'lim')}}}{{{_part(element, 'e')}}}"
        case "acc":
            return rf"\{_ACCENTS.get(_setting(element, 'chr', ''), 'hat')}{{{_part(element, 'e')}}}"
        case "bar":
            return rf"\overline{{{_part(element, 'e')}}}"
        case "m":
            rows = (
                " & ".join(_inner(cell) for cell in row.iterfind(M + "e"))
                for row in element.iterfind(M + "mr")
            )
            return r"\begin{matrix}" + r" \\ ".join(rows) + r"\end{matrix}"
        case "eqArr":
            return r" \\ ".join(_inner(line) for line in element.iterfind(M + "e"))
        case name if name.endswith("Pr"):
            return ""
        case _:
            return _inner(element)


def _fraction(element: Element) -> str:
    above, below = _part(element, "num"), _part(element, "den")
    kind = _setting(element, "type", "bar")
    if kind == "lin":
        return f"{_group(above)}/{_group(below)}"
    return (
        rf"\genfrac{{}}{{}}{{0pt}}{{}}{{{above}}}{{{below}}}"
        if kind == "noBar"
        else rf"\frac{{{above}}}{{{below}}}"
    )


def _sum(element: Element) -> str:
    sign = _setting(element, "chr", "∫")
    below, above = _part(element, "sub"), _part(element, "sup")
    limits = (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")
    return f"{_SIGNS.get(sign, sign)}{limits}{_part(element, 'e')}"


def _bracketed(element: Element) -> str:
    left, right = _setting(element, "begChr", "("), _setting(element, "endChr", ")")
    middle = _setting(element, "sepChr", "|").join(_inner(part) for part in element.iterfind(M + "e"))
    return rf"\left{_BRACKETS.get(left, left)}{middle}\right{_BRACKETS.get(right, right)}"


def _function(element: Element) -> str:
    name = _part(element, "fName")
    return f"{chr(92) + name if name in _FUNCTIONS else name}({_part(element, 'e')})"
