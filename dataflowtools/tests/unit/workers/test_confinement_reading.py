"""An interpreter that strangers cannot read, as one beneath root's home, is noticed before a worker gives up its uid."""

from dataflowtools.src.drivenadapters.workers.confinement import open_to_others


def test_a_closed_folder_above_is_noticed(tmp_path):
    tmp_path.chmod(0o755)
    closed, library = tmp_path / "closed", tmp_path / "closed" / "lib"
    library.mkdir(parents=True)
    closed.chmod(0o755)
    above = all(folder.stat().st_mode & 0o001 for folder in tmp_path.parents)

    assert open_to_others([str(library)]) == above
    closed.chmod(0o700)
    assert not open_to_others([str(library)])


def test_what_is_not_there_is_no_obstacle():
    assert open_to_others(["/nonexistent/place", "/usr/lib"])
