"""One child, one run: builds its own box, gives up every power, waits for its program, runs it, ends."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import socket
import sys
from dataclasses import dataclass
from typing import Any, NoReturn

from coderunner.guest import jail_paths, kernel, rehearsal, unwalled, wire

FAULT = 70  # exit code of a child that could not be armed or lost its result channel
_ADDRESS_SLACK_BYTES = 1 << 30  # address space that costs no memory: thread stacks, file mappings
_LAST_FD = (1 << 31) - 1
_POLITE = 10


@dataclass(frozen=True, slots=True)
class Birth:
    """What every child has when it is born: its sizes in kB, and the pages that it should have of its own."""

    address_kb: int
    data_kb: int
    anon_kb: int
    copied: kernel.Populating
    read: kernel.Populating

    @classmethod
    def of_this_process(cls, kind: str) -> Birth:
        """Measured in the parent, just before it forks for the first time."""
        copied, read = rehearsal.hot_pages(kind)
        with open("/proc/self/status") as file:
            fields = (line.partition(":") for line in file)
            sizes = {name: int(rest.split()[0]) for name, _, rest in fields if name.startswith(("Vm", "Rss"))}
        return cls(sizes["VmSize"], sizes["VmData"], sizes["RssAnon"], copied, read)


@dataclass(frozen=True, slots=True)
class Setup:
    """What every child of one parent has in common."""

    namespaces: bool
    kind: str
    uid_slots: int
    max_children: int
    seccomp: bytes
    ruleset: int | None
    landlock: bool
    readable: tuple[str, ...]
    environments: str | None
    boxes: str
    box_bytes: int
    box_inodes: int
    max_open_files: int
    max_processes: int
    max_frame_bytes: int
    birth: Birth
    others: int  # processes of the same host user that are not the run's

    @classmethod
    def from_config(cls, config: dict[str, Any], ruleset: int | None, birth: Birth) -> Setup:
        return cls(
            namespaces=config["namespaces"],
            kind=config["kind"],
            uid_slots=config["uid_slots"],
            max_children=config["max_children"],
            seccomp=bytes.fromhex(config["seccomp"]),
            ruleset=ruleset,
            landlock=config["landlock"],
            readable=tuple(source for source, _ in config["binds"]),
            environments=config.get("environments"),
            boxes=config["boxes"],
            box_bytes=config["box_bytes"],
            box_inodes=config["box_inodes"],
            max_open_files=config["max_open_files"],
            max_processes=config["max_processes"],
            max_frame_bytes=config["max_frame_bytes"],
            birth=birth,
            others=0 if config["uid_slots"] else unwalled.tasks_of_user() + 3 * config["max_children"],
        )


def live(setup: Setup, slot: int, stdio: tuple[int, int, int], wishes: dict[str, Any]) -> NoReturn:
    """The child's whole life; never returns, whatever happens."""
    step, token = "arm", b""
    try:
        _own_descriptors(stdio)
        identity = os.fstat(wire.CONTROL_FD).st_ino
        layer = _show_environment(setup, wishes.get("environment"))
        _build_box(setup, slot, wishes)
        _show_hosts(wishes.get("hosts", ""))
        setup.birth.copied()
        setup.birth.read()
        listener = _give_up_power(setup, slot, wishes, layer)
        step = "wait"
        _tell_parked(setup, listener)
        request = wire.read_json(wire.CONTROL_FD, setup.max_frame_bytes)
        if layer:
            sys.path.append(layer)  # behind the guest's own: it adds, it replaces nothing
        step, token = "run", bytes.fromhex(request.pop("token"))
        os._exit(_run(request, token, identity, setup, bytes.fromhex(wishes.get("narrower", ""))))
    except EOFError:
        os._exit(0)  # the service let go of an unused child
    except BaseException as fault:  # noqa: BLE001 - a child must end here, never in the parent's code
        _complain(step, fault, token)
    os._exit(FAULT)


def _tell_parked(setup: Setup, listener: int | None) -> None:
    frame = wire.encode({"type": "parked", "anon_kb": setup.birth.anon_kb})
    if listener is None:
        wire.write_all(wire.CONTROL_FD, frame)
        return
    with socket.socket(fileno=os.dup(wire.CONTROL_FD)) as control:
        socket.send_fds(control, [frame], [listener])
    os.close(listener)


def _complain(step: str, fault: BaseException, token: bytes) -> None:
    message = {"type": "fault", "step": step, "why": repr(fault)[:500]}
    try:
        wire.write_all(wire.CONTROL_FD, wire.encode(message, token))
    except OSError:
        os._exit(FAULT)  # nobody listens: the exit code has to say it


def _own_descriptors(stdio: tuple[int, int, int]) -> None:
    control, out, err = stdio
    os.setsid()
    null = os.open("/dev/null", os.O_RDONLY)
    for fd, number in ((null, 0), (out, 1), (err, 2), (control, wire.CONTROL_FD)):
        os.dup2(fd, number, inheritable=number != wire.CONTROL_FD)


def _show_environment(setup: Setup, name: str | None) -> str | None:
    """Show the run its own layer and hide all others; the folder that it has to be imported from."""
    if setup.environments is None:
        if name:
            message = (
                "the environments cannot be seen from this jail; their folder must be readable by everybody"
            )
            raise FileNotFoundError(message)
        return None
    if not setup.namespaces:
        return os.path.join(setup.environments, name) if name else None
    if name:
        kernel.mount(f"{jail_paths.ENVIRONMENTS}/{name}", jail_paths.ENVIRONMENT, None, kernel.MS_BIND)
    kernel.mount(jail_paths.NOTHING, jail_paths.ENVIRONMENTS, None, kernel.MS_BIND)
    return jail_paths.ENVIRONMENT if name else None


def _show_hosts(lines: str) -> None:
    """Names that this run may connect to, in a file that it cannot change."""
    if lines:
        with open(f"{jail_paths.BOX}/hosts", "w") as file:
            file.write(lines)
        os.chmod(file.name, 0o444)
        kernel.mount(file.name, jail_paths.HOSTS, None, kernel.MS_BIND)


def _build_box(setup: Setup, slot: int, wishes: dict[str, Any]) -> None:
    size, inodes = wishes.get("box_bytes", setup.box_bytes), wishes.get("box_inodes", setup.box_inodes)
    if setup.namespaces:
        options = f"size={size},nr_inodes={inodes},mode=700,uid={slot},gid={slot}"
        flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
        kernel.mount("box", jail_paths.BOX, "tmpfs", flags, options)
        kernel.mount("proc", "/proc", "proc", flags, "hidepid=invisible,subset=pid")
        kernel.sethostname("sandbox")
        os.chdir(jail_paths.BOX)
    else:
        box = f"{setup.boxes}/{os.getpid()}"
        shutil.rmtree(box, ignore_errors=True)  # a pid that comes again finds its forerunner's box
        os.mkdir(box, 0o700)
        os.chdir(box)


def _give_up_power(setup: Setup, slot: int, wishes: dict[str, Any], layer: str | None) -> int | None:
    """From here on the child is what people's code is; the descriptor on which its connections are decided, if any."""
    if slot:
        os.setresgid(slot, slot, slot)
        os.setresuid(slot, slot, slot)
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # or /proc/self would belong to nobody
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    _be_ended_first()
    box = os.getcwd()
    for folder in ("work", "tmp", "shm"):
        os.mkdir(folder, 0o700)
    os.chdir("work")
    _restrict_files(setup, box, layer)
    os.closerange(wire.CONTROL_FD + 1, _LAST_FD)
    _set_limits(setup, wishes.get("box_bytes", setup.box_bytes))
    own = bytes.fromhex(wishes.get("seccomp", ""))
    if wishes.get("supervised"):
        return kernel.load_seccomp_with_listener(own)
    kernel.load_seccomp(own or setup.seccomp)
    return None


def _be_ended_first() -> None:
    """When the host or the container is short of memory, the kernel takes a run, and not the parent or the service."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def _restrict_files(setup: Setup, box: str, layer: str | None) -> None:
    ruleset = setup.ruleset
    if setup.landlock and not setup.namespaces:
        ruleset = unwalled.ruleset((*setup.readable, *([layer] if layer else ())), box)
    if ruleset is not None:
        kernel.landlock_restrict(ruleset)


def _set_limits(setup: Setup, file_bytes: int) -> None:
    if setup.others:
        os.nice(_POLITE)  # whoever watches the run must get the processor, however many processes it makes
    limits = (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, setup.max_open_files),
        (resource.RLIMIT_NPROC, setup.max_processes + setup.others),
        (resource.RLIMIT_STACK, 8 << 20),
    )
    for which, most in limits:
        _lower(which, most)


def _lower(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(which, (most, most))


# --- the run ------------------------------------------------------------------------------------


def _run(request: dict[str, Any], token: bytes, identity: int, setup: Setup, narrower: bytes) -> int:
    from coderunner.guest import language

    def emit(message: wire.Message) -> None:
        if os.fstat(wire.CONTROL_FD).st_ino != identity:
            os._exit(FAULT)  # user code put something else in the channel's place
        wire.write_all(wire.CONTROL_FD, wire.encode(message, token))

    _arm(request, setup.birth, setup.others)
    if narrower:
        kernel.load_seccomp(narrower)
    language.reseed()
    verdict = language.run(request, emit)
    try:
        emit({"type": "end", **verdict})
        os.read(wire.CONTROL_FD, 1)  # the service measures, then ends us
    except OSError:
        return FAULT  # user code closed the channel
    return int(verdict.get("return_code", 0)) & 0xFF


def _arm(request: dict[str, Any], birth: Birth, others: int) -> None:
    limits = request["limits"]
    home = os.getcwd()
    box = os.path.dirname(home)
    os.environ.update(
        {"HOME": home, "TMPDIR": os.path.join(box, "tmp"), "PWD": home, **request.get("env", {})}
    )
    for path, text in request.get("files", {}).items():
        _write_file(path, text.encode("utf-8", "surrogatepass"))
    if stdin := request.get("stdin"):
        _feed_stdin(stdin.encode("utf-8", "surrogatepass"))
    sys.argv = ["-c", *request.get("args", [])]
    _lower(resource.RLIMIT_NPROC, limits["processes"] + others)
    _lower(resource.RLIMIT_NOFILE, limits["open_files"])
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_s"], limits["cpu_s"] + 1))
    _limit_memory(limits["memory_bytes"], birth)


def _limit_memory(memory_bytes: int, birth: Birth) -> None:
    """Private writable memory beyond what the child was born with."""
    _lower(resource.RLIMIT_DATA, birth.data_kb * 1024 + memory_bytes)
    _lower(resource.RLIMIT_AS, birth.address_kb * 1024 + memory_bytes + _ADDRESS_SLACK_BYTES)


def _write_file(path: str, content: bytes) -> None:
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        wire.write_all(fd, content)
    finally:
        os.close(fd)


def _feed_stdin(content: bytes) -> None:
    fd = os.open(".", os.O_RDWR | os.O_TMPFILE, 0o600)
    wire.write_all(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    os.dup2(fd, 0)
    os.close(fd)
