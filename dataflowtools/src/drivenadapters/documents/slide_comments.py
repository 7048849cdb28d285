"""Comments on slides, in both ways that PowerPoint has written them."""

from collections.abc import Iterator

from dataflowtools.src.drivenadapters.documents.opc import OfficePackage
from dataflowtools.src.drivenadapters.documents.safe_xml import Element, local
from dataflowtools.src.logics.file.documents.model import Note, NoteKind, Paragraph, plain

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MAX_COMMENTS = 1000


def comment_authors(package: OfficePackage, main: str) -> dict[str, str]:
    """Read the names of authors by their ids."""
    parts = (package.related(main, kind) for kind in ("commentAuthors", "authors"))
    return {
        entry.get("id", ""): entry.get("name", "")
        for part in parts
        if part is not None
        for entry in package.xml(part)
    }


def slide_comments(package: OfficePackage, part: str, authors: dict[str, str], page: int) -> list[Note]:
    """Read the comments on a slide, each followed by its replies."""
    listed = package.related(part, "comments")
    if listed is None:
        return []
    found = []
    for number, comment in enumerate(_comments(package.xml(listed)), 1):
        if number > _MAX_COMMENTS:
            break
        text = _text(comment)
        found.append(
            Note(
                kind=NoteKind.COMMENT, reference=str(number), author=authors.get(comment.get("authorId", ""), ""),
                date=comment.get("dt") or comment.get("created") or "", page=page,
                blocks=(Paragraph(runs=plain(text), page=page),),
            )
        )  # fmt: skip
    return found


def _comments(root: Element) -> Iterator[Element]:
    return (entry for entry in root.iter() if local(entry) in ("cm", "reply"))


def _text(comment: Element) -> str:
    """Join what stands in the comment itself, not in its replies."""
    for child in comment:
        if local(child) == "text":
            return child.text or ""
        if local(child) == "txBody":
            lines = (
                "".join(piece.text or "" for piece in line.iter(_A + "t")) for line in child.iter(_A + "p")
            )
            return "\n".join(lines)
    return ""
