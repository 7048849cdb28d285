"""Wheels as data: whatever is sent, a readable wheel with harmless entries is kept, or it is refused in words."""

import io
import stat
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderunner.src.drivenadapters.environments.folders import LayerBounds
from coderunner.src.drivenadapters.environments.wheel_checks import check_wheel
from coderunner.src.errors import WheelRefused
from coderunner.tests.packages import wheel_bytes

NAME = "demo-1.0-py3-none-any.whl"
GOOD = wheel_bytes("demo", {"demo.py": "x = 1"})
BOUNDS = LayerBounds(1_000_000, 50)


def check(content, filename=NAME, bounds=BOUNDS):
    return check_wheel(filename, io.BytesIO(content), "3.11.2", bounds)


def changed(change):
    packed = io.BytesIO(GOOD)
    with zipfile.ZipFile(packed, "a") as wheel:
        change(wheel)
    return packed.getvalue()


def add(name, mode=0, data="x"):
    def change(wheel):
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        wheel.writestr(entry, data)

    return changed(change)


def test_a_good_wheel_says_its_name_and_version():
    assert check(GOOD) == ("demo", "1.0")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (add("link", stat.S_IFLNK | 0o777, "/etc/passwd"), "neither file nor folder"),
        (add("device", stat.S_IFCHR | 0o666), "neither file nor folder"),
        (add("pipe", stat.S_IFIFO | 0o666), "neither file nor folder"),
        (add("a/../../b.py"), "outside"),
        (add("C:/windows.py"), "outside"),
        (add("x" * 1200), "no file may have"),
        (add("other-1.0.dist-info/METADATA"), "metadata of demo"),
        (add("demo-1.0.data/../../x"), "outside"),
        (add("bulky.bin", 0, "x" * 2_000_000), "more than"),
    ],
)
def test_entries_that_may_not_be_are_named(content, says):
    """Attack 31: a link, a device, a way out of the folder, a bomb."""
    with pytest.raises(WheelRefused, match=says):
        check(content)


def test_a_file_that_is_there_twice_is_refused():
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = add("demo.py", 0, "x = 2")
    with pytest.raises(WheelRefused, match="twice"):
        check(content)


def test_a_bomb_is_known_by_what_it_says_of_itself():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name in zipfile.ZipFile(io.BytesIO(GOOD)).namelist():
            wheel.writestr(name, zipfile.ZipFile(io.BytesIO(GOOD)).read(name))
        wheel.writestr("zeros.bin", b"\0" * 50_000_000)
    with pytest.raises(WheelRefused, match="more than"):
        check(packed.getvalue())


@settings(max_examples=200)
@given(st.binary(max_size=40), st.integers(0, len(GOOD)), st.integers(0, 40))
def test_a_damaged_wheel_is_refused_or_still_the_same(noise, at, cut):
    assert seen(GOOD[:at] + noise + GOOD[at + cut :]) in {("demo", "1.0"), "refused"}


def seen(content):
    try:
        return check(content)
    except WheelRefused:
        return "refused"
