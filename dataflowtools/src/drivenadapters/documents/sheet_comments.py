"""Comments on the cells of a sheet."""

from dataflowtools.src.drivenadapters.documents.opc import OfficePackage
from dataflowtools.src.logics.file.documents.model import Note, NoteKind, Paragraph, plain

_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_MAX_COMMENTS = 10_000


def sheet_comments(package: OfficePackage, part: str) -> list[Note]:
    """Read the comments that belong to a sheet; their reference is the cell."""
    listed = package.related(part, "comments")
    if listed is None:
        return []
    root = package.xml(listed)
    authors = [author.text or "" for author in root.iter(_S + "author")]
    notes = []
    for comment in list(root.iter(_S + "comment"))[:_MAX_COMMENTS]:
        text = "".join(piece.text or "" for piece in comment.iter(_S + "t"))
        number = comment.get("authorId", "")
        author = authors[int(number)] if number.isdigit() and int(number) < len(authors) else ""
        notes.append(
            Note(
                kind=NoteKind.COMMENT,
                reference=comment.get("ref", ""),
                author=author,
                blocks=(Paragraph(runs=plain(text)),),
            )
        )
    return notes
