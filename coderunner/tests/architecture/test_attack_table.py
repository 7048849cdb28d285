"""docs/security.md and the attack suite name the same attacks."""

import re

from coderunner.tests.running import ROOT

ROW = re.compile(r"^\| (\d+) \|", re.MULTILINE)
# '"12 metaclass"' names a case; "Attack 12", "Attacks 1-22, 30" name what a test is about
CASE = re.compile(r'"(\d+) [^"]')
TEXT = re.compile(r"(?:Attacks?|ATTACKS?|and) ((?:\d+(?:-\d+)?(?:, )?)+)")
NOT_RUN = {103: "the service has no unpickling: held by the test below"}


def rows() -> set[int]:
    text = (ROOT / "docs" / "security.md").read_text()
    return {int(number) for number in ROW.findall(text)}


def covered() -> set[int]:
    found: set[int] = set()
    for path in (ROOT / "coderunner/tests/sandbox").rglob("test_*.py"):
        text = path.read_text()
        found |= {int(number) for number in CASE.findall(text)}
        for numbers in TEXT.findall(text):
            for part in numbers.strip(", ").split(", "):
                first, _, last = part.partition("-")
                found |= set(range(int(first), int(last or first) + 1))
    return found


def test_every_attack_in_the_table_has_a_test():
    assert rows() - covered() - set(NOT_RUN) == set()


def test_the_table_covers_what_concerns_running_code():
    wanted = set(range(1, 52)) | {54, 55, 57, 58, 59, *range(62, 93), 96, 97, 98, 99, 103, 104}
    assert wanted - rows() == set()


def test_nothing_is_unpickled_in_the_service():
    """Attack 103."""
    pattern = re.compile(r"\b(?:pickle|shelve|marshal|dill|joblib)\b")
    sources = (ROOT / "coderunner" / "src").rglob("*.py")
    assert [str(path) for path in sources if pattern.search(path.read_text())] == []
