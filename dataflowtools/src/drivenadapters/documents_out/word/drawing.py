"""Pictures within the text of Word documents."""

from lxml import etree

from dataflowtools.src.drivenadapters.documents.safe_xml import Element
from dataflowtools.src.drivenadapters.documents_out.pictures import Drawn
from dataflowtools.src.drivenadapters.documents_out.word.markup import NAMESPACES, PIC, WP, A, R, W, legal

_EMU_A_POINT = 12_700


def inline(drawn: Drawn, relation: str, identity: int, alt: str) -> Element:
    """Make w:drawing for a picture that is a part of the package."""
    across, down = round(drawn.width * _EMU_A_POINT), round(drawn.height * _EMU_A_POINT)
    drawing = etree.Element(f"{{{W}}}drawing", nsmap=NAMESPACES)
    place = _sub(drawing, WP, "inline", distT="0", distB="0", distL="0", distR="0")
    _sub(place, WP, "extent", cx=str(across), cy=str(down))
    _sub(place, WP, "docPr", id=str(identity), name=f"Picture {identity}", descr=legal(alt))
    data = _sub(_sub(place, A, "graphic"), A, "graphicData", uri=PIC)
    picture = _sub(data, PIC, "pic")
    about = _sub(picture, PIC, "nvPicPr")
    _sub(about, PIC, "cNvPr", id=str(identity), name=f"{drawn.digest}.{drawn.ending}")
    _sub(about, PIC, "cNvPicPr")
    fill = _sub(picture, PIC, "blipFill")
    _sub(fill, A, "blip").set(f"{{{R}}}embed", relation)
    _sub(_sub(fill, A, "stretch"), A, "fillRect")
    shape = _sub(picture, PIC, "spPr")
    frame = _sub(shape, A, "xfrm")
    _sub(frame, A, "off", x="0", y="0")
    _sub(frame, A, "ext", cx=str(across), cy=str(down))
    _sub(_sub(shape, A, "prstGeom", prst="rect"), A, "avLst")
    return drawing


def _sub(parent: Element, namespace: str, tag: str, /, **attributes: str) -> Element:
    return etree.SubElement(parent, f"{{{namespace}}}{tag}", attributes)
