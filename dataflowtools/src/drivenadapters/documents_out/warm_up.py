"""What the workers of documents load before their first job."""

from dataflowtools.src.drivenadapters.documents_out import edit_job, fill_job, write_job  # noqa: F401  # its libraries are loaded with it
from dataflowtools.src.drivenadapters.documents_out.pdf import fonts


def warm_up() -> None:
    """Import what libraries would import at the first document, and read the fonts."""
    from PIL import Image

    Image.init()
    fonts.warm_up()
