"""The operator's list of what runs may connect to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderunner.src.common.allowlist import parse_target
from coderunner.src.drivenadapters.sandbox.names import Names

GOOD = {
    "api.example.com:443": ("api.example.com", None, 443),
    "Localhost:*": ("localhost", None, 0),
    "10.1.2.3:5432": ("", "10.1.2.3/32", 5432),
    "10.0.0.0/8:1": ("", "10.0.0.0/8", 1),
    "[2001:db8::1]:443": ("", "2001:db8::1/128", 443),
    "[2001:db8::/32]:*": ("", "2001:db8::/32", 0),
}
BAD = ["", "host", "host:", ":80", "host:0", "host:65536", "host:http", "2001:db8::1:443", "a b:80", "http://host:80", "1.2.3.4.5:80",
       "1.2.3:80", "10.0.0.0/33:80", "-host:80", "host-:80", "*.example.com:443", "host:80:90", "[host]:80"]  # fmt: skip


@pytest.mark.parametrize(("entry", "meant"), GOOD.items())
def test_an_entry_says_host_and_port(entry, meant):
    target = parse_target(entry)
    assert (target.name, target.network and str(target.network), target.port) == meant


@pytest.mark.parametrize("entry", BAD)
def test_what_is_no_entry_is_refused_by_name(entry):
    with pytest.raises(ValueError, match=r"is|ports"):
        parse_target(entry)


@given(st.ip_addresses(), st.integers(1, 65535), st.ip_addresses(), st.integers(1, 65535))
def test_an_address_allows_itself_and_nothing_else(mine, port, other, other_port):
    text = f"[{mine}]:{port}" if mine.version == 6 else f"{mine}:{port}"
    target = parse_target(text)
    assert target.allows(str(mine), port)
    assert target.allows(str(other), other_port) == ((mine, port) == (other, other_port))


async def test_names_become_addresses_and_those_that_mean_this_machine_do_not():
    """A public name that is turned to loopback (rebinding) reaches nothing; localhost says what it is."""
    entries = ["localhost:80", "ip6-localhost:80", "nowhere.invalid:443", "192.0.2.0/24:*"]
    found = await Names([parse_target(entry) for entry in entries]).reachable()
    assert found.allows("127.0.0.1", 80)
    assert not found.allows("127.0.0.1", 443)
    assert found.allows("192.0.2.77", 9)
    assert {line.split()[1] for line in found.hosts.splitlines()} == {"localhost"}
