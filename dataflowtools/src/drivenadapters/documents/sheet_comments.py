"""Comments on the cells of a sheet."""

from dataflowtools.src.drivenadapters.documents.opc import OfficePackage
from dataflowtools.src.drivenadapters.documents.safe_xml import whole
from dataflowtools.src.logics.file.documents.model import Note, NoteKind, Paragraph, plain

_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_THREAD = "{http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments}"
_MAX_COMMENTS = 10_000


def sheet_comments(package: OfficePackage, part: str) -> list[Note]:
    """Read the comments that belong to a sheet; their reference is the cell.

    Threads have a comment of the older kind beside them, which says only that there is one.
    """
    threads = _threads(package, part)
    threaded = {note.reference for note in threads}
    return [note for note in _comments(package, part) if note.reference not in threaded] + threads


def _threads(package: OfficePackage, part: str) -> list[Note]:
    listed = package.related(part, "threadedComment")
    if listed is None:
        return []
    people = package.related(package.main_part(), "person")
    names = (
        {} if people is None else {one.get("id"): one.get("displayName", "") for one in package.xml(people)}
    )
    return [
        Note(
            kind=NoteKind.COMMENT, reference=one.get("ref", ""), author=names.get(one.get("personId"), ""),
            date=one.get("dT", ""), blocks=(Paragraph(runs=plain(one.findtext(_THREAD + "text") or "")),),
        )
        for one in list(package.xml(listed).iter(_THREAD + "threadedComment"))[:_MAX_COMMENTS]
    ]  # fmt: skip


def _comments(package: OfficePackage, part: str) -> list[Note]:
    listed = package.related(part, "comments")
    if listed is None:
        return []
    root = package.xml(listed)
    authors = [author.text or "" for author in root.iter(_S + "author")]
    notes = []
    for comment in list(root.iter(_S + "comment"))[:_MAX_COMMENTS]:
        text = "".join(piece.text or "" for piece in comment.iter(_S + "t"))
        number = whole(comment.get("authorId"), len(authors))
        author = authors[number] if number < len(authors) else ""
        notes.append(
            Note(
                kind=NoteKind.COMMENT,
                reference=comment.get("ref", ""),
                author=author,
                blocks=(Paragraph(runs=plain(text)),),
            )
        )
    return notes
