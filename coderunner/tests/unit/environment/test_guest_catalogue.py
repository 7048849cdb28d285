"""What the guest has is asked again when another guest interpreter takes its place."""

import sys

from coderunner.src.drivenadapters.code_workers.guest_interpreter_catalogue import GuestInterpreterCatalogue
from coderunner.tests.running import guest_dir


async def test_another_guest_in_the_same_place_is_seen(tmp_path):
    place = tmp_path / "guest"
    place.symlink_to(guest_dir())
    catalogue = GuestInterpreterCatalogue(place / "bin" / "python")
    first = await catalogue.contents()
    assert "pandas" in first.distributions
    assert await catalogue.contents() is first
    place.unlink()
    place.symlink_to(sys.prefix)  # any other set of packages
    second = await catalogue.contents()
    assert "tornado" in second.distributions
    assert second is not first
