"""Paragraphs of very many lines in pieces, for laying out one of them takes the square of its length."""

from collections.abc import Iterator, Sequence

from dataflowtools.src.logics.file.documents import model

_MOST_LINES, _MOST_CHARS = 100, 10_000


def pieces(runs: Sequence[model.Run]) -> list[list[model.Run]]:
    """Split runs at the ends of lines, and where a line alone is too long, at a space."""
    found: list[list[model.Run]] = [[]]
    lines = chars = 0
    for run, text in _stretches(runs):
        if lines >= _MOST_LINES or (chars and chars + len(text) > _MOST_CHARS):
            _end_line(found[-1])
            found.append([])
            lines = chars = 0
        found[-1].append(run._replace(text=text))
        lines += text.endswith("\n")
        chars += len(text)
    return found


def _stretches(runs: Sequence[model.Run]) -> Iterator[tuple[model.Run, str]]:
    for run in runs:
        if len(run.text) <= _MOST_CHARS and run.text.count("\n") < _MOST_LINES:
            yield run, run.text
            continue
        for line in run.text.split("\n"):
            yield from ((run, part) for part in _short(line))
            yield run, "\n"


def _short(line: str) -> Iterator[str]:
    while len(line) > _MOST_CHARS:
        cut = line.rfind(" ", _MOST_CHARS // 2, _MOST_CHARS) + 1 or _MOST_CHARS
        yield line[:cut]
        line = line[cut:]
    yield line


def _end_line(piece: list[model.Run]) -> None:
    """Take the last end of a line away, for a new paragraph begins there anyway."""
    if piece and piece[-1].text.endswith("\n"):
        piece[-1] = piece[-1]._replace(text=piece[-1].text[:-1])
