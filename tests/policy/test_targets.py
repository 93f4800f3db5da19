"""Which targets a pattern matches."""

import ipaddress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from importguard.policy import machine, patterns, targets

COMPONENTS = st.sampled_from(["a", "b", ".env", "a.pem", "ab", "*", "a*", "*.pem", "**"])
PATTERN = st.lists(COMPONENTS, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))
PATH = st.lists(st.sampled_from(["a", "b", ".env", "a.pem", "ab", "c"]), min_size=1, max_size=6).map(
    lambda parts: "/" + "/".join(parts)
)


def matches_slowly(pattern, path):
    """Return what the documentation says of a pattern, by trying everything."""
    if not pattern or not path:
        return not path and all(part == "**" for part in pattern)
    if pattern[0] == "**":
        return matches_slowly(pattern[1:], path) or matches_slowly(pattern, path[1:])
    return targets.glob(pattern[0], path[0]) and matches_slowly(pattern[1:], path[1:])


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        ("requests", "requests", True),
        ("requests", "requests2", False),
        ("*", "", True),
        ("net.*", "net.connect", True),
        ("net.*", "network", False),
        ("*a*b*", "xxaxxbxx", True),
        ("*a*b*", "xxbxxaxx", False),
        ("ab*ba", "aba", False),
        ("ab*ba", "abba", True),
    ],
)
def test_star_in_a_name(pattern, text, holds):
    """A star stands for any characters, none included, and the ends of a name can't overlap."""
    assert targets.glob(pattern, text) is holds


@given(PATTERN, PATH)
@example("/**/a/**", "/a")
@example("/a/**", "/a")
def test_star_in_a_path(pattern, path):
    """`*` stays within a component and `**` is any number of them, also where several could fit."""
    assert targets.path_glob(pattern, path) == matches_slowly(pattern.split("/"), path.split("/"))


@given(st.lists(PATTERN, max_size=6), st.lists(PATTERN, max_size=2), st.lists(PATH, min_size=1, max_size=5))
@settings(max_examples=200)
@example(["**/.env", "/a/**/b"], ["**/a/.env"], ["/a/.env", "/b/.env", "/a/c/c/b"])
def test_machine_agrees_with_its_patterns(wanted, unless, paths):
    """A machine of many patterns says of every path what its patterns say one by one, in whatever order it is asked."""
    built = targets.Paths(machine.build(wanted, unless))

    for path in paths:
        expected = any(targets.path_glob(pattern, path) for pattern in wanted)
        excluded = any(targets.path_glob(pattern, path) for pattern in unless)
        assert built.matches(path) == (expected and not excluded)


@pytest.mark.parametrize("path", ["/a/b", "/a", "/", "a"])
def test_machine_of_any_path(path):
    """A pattern of nothing but `**` is every path, in a machine as by itself."""
    assert targets.Paths(machine.build(["**"])).matches(path)
    assert targets.Paths(machine.build(["**/**"])).matches(path)
    assert not targets.Paths(machine.build(["/**"], ["**"])).matches(path)


@given(st.text(), st.text())
def test_odd_texts_are_answered(pattern, text):
    """No pattern and no target makes the matching fail."""
    assert targets.path_glob(pattern, text) in (True, False)
    assert targets.Paths(machine.build([pattern])).matches(text) in (True, False)
    assert targets.parse_address(text) is None or len(targets.parse_address(text)) == 2
    assert len(targets.split_address(text)) == 2


@given(st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address))
def test_v4_addresses_are_read(address):
    """An IPv4 address is read as the standard library reads it, and so are its other spellings."""
    number = int(address)

    for text in (str(address), str(number), hex(number), str(address).replace(".0.", ".0x0.")):
        assert targets.parse_address(text) == (32, number)


@given(st.integers(2**40, 2**128 - 1).map(ipaddress.IPv6Address))
def test_v6_addresses_are_read(address):
    """An IPv6 address is read as the standard library reads it; one that holds an IPv4 address counts as that."""
    inside = address.ipv4_mapped
    expected = (32, int(inside)) if inside else (128, int(address))

    for text in (address.compressed, address.exploded):
        read = targets.parse_address(text)
        assert read == expected or (text.startswith(("64:ff9b::", "0064:ff9b:0000")) and read[0] == 32)


@pytest.mark.parametrize("text", ["example.com", "1.2.3.4.5", "256.1.1.1", "1.2.3", "::g", "1::2::3", "", "08", "0x"])
def test_what_is_no_address(text):
    """A name is no address; three numbers are one, as the C library has it."""
    assert (targets.parse_address(text) is None) == (text != "1.2.3")


@pytest.mark.parametrize(
    ("pattern", "target", "holds"),
    [
        ("example.com:443", "example.com:443", True),
        ("example.com:443", "EXAMPLE.com.:443", True),
        ("example.com:443", "example.com:80", False),
        ("example.com", "example.com:80", True),
        ("example.com:*", "example.com:80", True),
        ("*.example.com:443", "api.example.com:443", True),
        ("*.example.com:443", "example.com.evil.org:443", False),
        ("*:443", "anything:443", True),
        ("10.0.0.0/8:443", "10.9.8.7:443", True),
        ("10.0.0.0/8:443", "11.9.8.7:443", False),
        ("10.0.0.0/8:443", "10.example.com:443", False),
        ("[::1]:80", "[::1]:80", True),
        ("[::1]:80", "[0:0:0:0:0:0:0:1]:80", True),
        ("[fd00::/8]:80", "[fdab::1]:80", True),
        ("$loopback:0", "[::1]:0", True),
        ("$loopback:0", "127.9.9.9:0", True),
        ("$loopback:0", "127.0.0.1:80", False),
        ("$loopback", "localhost:80", True),
        ("$loopback", "[::ffff:127.0.0.1]:80", True),
        ("$loopback", "0.0.0.0:80", False),
        ("$private", "192.168.1.1:80", True),
        ("$private", "8.8.8.8:80", False),
        ("$metadata", "169.254.169.254:80", True),
        ("$metadata", "2852039166:80", True),
        ("$metadata", "0xa9fea9fe:80", True),
        ("$metadata", "[::ffff:169.254.169.254]:80", True),
        ("$metadata", "[fd00:ec2::254]:80", True),
        ("$metadata", "100.100.100.200:80", True),
        ("$metadata", "168.63.129.16:32526", True),
        ("$metadata", "metadata.google.internal:80", True),
        ("$metadata", "169.254.169.254:53", False),
        ("$metadata", "168.63.129.16:53", False),
        ("$metadata", "169.254.169.253:80", False),
        ("$hostname:80", "build7:80", True),
        ("unix:/run/docker.sock", "unix:/run/docker.sock", True),
        ("unix:/run/user/*/bus", "unix:/run/user/1000/bus", True),
        ("unix:/run/user/*/bus", "unix:/run/user/1000/x/bus", False),
        ("*:443", "unix:/run/docker.sock", False),
    ],
)
def test_network_targets(pattern, target, holds):
    """Hosts match by name or block, ports exactly, and a missing port is any."""
    _, data, _ = patterns.compile_target("net.connect", pattern, {"$hostname": ("build7",)})

    assert targets.net_matches(data, target, hosts_only=False) is holds


@pytest.mark.parametrize(("host", "holds"), [("api.example.com", True), ("API.example.com.", True), ("::1", False)])
def test_hosts_that_are_looked_up(host, holds):
    """A look-up has a host and no port, which a pattern's port does not hinder."""
    _, data, _ = patterns.compile_target("net.resolve", "*.example.com:443", {})

    assert targets.net_matches(data, host, hosts_only=True) is holds


def never_written(path):
    return False


@pytest.mark.parametrize(
    ("pattern", "argv", "holds"),
    [
        ("/opt/tool", ("tool", "a", "b"), True),
        ("/opt/tool", (), True),
        ("/opt/tool -p", ("tool", "-p"), True),
        ("/opt/tool -p", ("tool", "-p", "-x"), False),
        ("/opt/tool -p", ("tool",), False),
        ("/opt/tool -l*", ("tool", "-lssl"), True),
        ("/opt/tool -l*", ("tool", "-l", "ssl"), False),
        ("/opt/tool show **", ("tool", "show"), True),
        ("/opt/tool show **", ("tool", "show", "a", "b"), True),
        ("/opt/tool show **", ("tool", "drop", "a"), False),
        ("/opt/tool /tmp/*", ("tool", "/tmp/x"), True),
        ("/opt/tool /tmp/*", ("tool", "/tmp/x/y"), False),
        ("/opt/tool /tmp/*", ("tool", "/tmp/.."), False),
        ("/opt/tool /**", ("tool", "/usr/lib/x.so"), True),
        ("/opt/tool /**", ("tool", "--plugin=/tmp/x.so"), False),
        ('/opt/tool "a b" c', ("tool", "a b", "c"), True),
        ('/opt/tool "a b" c', ("tool", "a", "b", "c"), False),
        ("/opt/other", ("tool",), False),
        ("/opt/*", ("tool",), True),
    ],
)
def test_programs(pattern, argv, holds):
    """A program matches by its path, and its arguments one by one where the pattern names any."""
    _, data, _ = patterns.compile_target("proc.spawn", pattern, {})

    assert targets.spawn_matches(data, "/opt/tool", argv, never_written) is holds


def test_program_behind_a_link(tmp_path):
    """A program that is a link matches what it leads to only under its own name, which tells busybox's apart."""
    real = tmp_path / "busybox"
    real.touch()
    (tmp_path / "uname").symlink_to(real)
    _, data, _ = patterns.compile_target("proc.spawn", f"{tmp_path}/uname -p", {})

    assert targets.spawn_matches(data, str(real), ("uname", "-p"), never_written)
    assert targets.spawn_matches(data, str(real), ("/usr/bin/uname", "-p"), never_written)
    assert not targets.spawn_matches(data, str(real), ("sh", "-p"), never_written)
    assert not targets.spawn_matches(data, str(real), None, never_written)


def test_a_grant_of_a_program_with_several_names(tmp_path):
    """A grant is for its own name, by whichever way it is reached; one with a single name may be called what its caller likes."""
    (tmp_path / "busybox").touch()
    (tmp_path / "uname").symlink_to("busybox")
    (tmp_path / "alone").touch()

    def is_granted(name, called):
        _, data, _ = patterns.compile_target("proc.spawn", f"{tmp_path}/{name}", {})
        return targets.spawn_matches(patterns.called_by_name(data), f"{tmp_path}/{name}", (called,), never_written)

    assert is_granted("uname", "uname") and is_granted("uname", "/bin/uname") and is_granted("uname", "-uname")
    assert not is_granted("uname", "sh")
    assert is_granted("alone", "sh")


def test_system_program_that_was_just_written(tmp_path):
    """A program that the process tree wrote itself is none of the system's."""
    _, data, _ = patterns.compile_target("proc.spawn", "$bin/gcc", {"$bin": (str(tmp_path),)})

    assert targets.spawn_matches(data, f"{tmp_path}/gcc", ("gcc",), never_written)
    assert not targets.spawn_matches(data, f"{tmp_path}/gcc", ("gcc",), lambda path: True)
