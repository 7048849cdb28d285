"""How many of the libraries' own published examples run: in plain Python, isolated, and under the policy.

    python benchmarks/examples.py --guest /path/to/guest/python [--cache DIR] [--per-library N] [--json FILE]

The source distributions are fetched with `uv` into the cache folder and never committed. Scripts come from
the distributions' example folders; numpy, pandas and plotly publish none there, so the examples of their
docstrings are run, one program per docstring. A program counts when plain Python runs it to its end.
"""

import argparse
import ast
import doctest
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

PACKAGES = {
    "numpy": ("numpy", ["doc/source/user/plots"], "numpy"),
    "pandas": ("pandas", [], "pandas"),
    "scipy": ("scipy", ["doc/source/tutorial"], "scipy"),
    "scikit-learn": ("scikit-learn", ["examples"], None),
    "statsmodels": ("statsmodels", ["archive/examples", "docs/source/plots", "examples"], None),
    "matplotlib": ("matplotlib", ["galleries"], None),
    "seaborn": ("seaborn", ["examples"], None),
    "plotly": ("plotly", [], "plotly"),
}
TIMEOUT_S = 25
UV = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
LEVELS = ("plain", "isolated", "restricted")
PRELUDE = {
    "numpy": "import numpy as np\n",
    "pandas": "import numpy as np\nimport pandas as pd\n",
    "scipy": "import numpy as np\n",
    "plotly": "",
}
BY_DESIGN = {
    "file": "files outside the work dir",
    "effect": "processes, network",
    "pickle": "unpickling",
    "text as code": "text run as code",
    "write": "changing a library",
}
SYSTEM = (
    "os",
    "sys",
    "subprocess",
    "inspect",
    "importlib",
    "pickle",
    "traceback",
    "timeit",
    "shutil",
    "socket",
    "requests",
    "multiprocessing",
    "urllib.request",
    "gc",
    "ctypes",
    "builtins",
    "signal",
    "platform",
    "tkinter",
    "getopt",
    "optparse",
    "codecs",
    "argparse",
    "webbrowser",
    "http",
    "resource",
    "pdb",
    "doctest",
    "unittest",
    "pytest",
)


# --- the guest's side ---


def serve(root):
    sys.path.insert(0, root)
    from coderunner.guest import language

    language.warm_data_science()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(one(language, json.loads(line))), flush=True)


def one(language, request):
    with tempfile.TemporaryDirectory() as work, tempfile.NamedTemporaryFile() as verdicts:
        started = time.perf_counter()
        pid = os.fork()
        if pid == 0:
            child(language, request, work, verdicts.name)
        status = wait(pid)
        text = Path(verdicts.name).read_text()
    verdict = json.loads(text) if text else {"status": "killed" if status is None else f"died {status}"}
    verdict["seconds"] = round(time.perf_counter() - started, 2)
    return verdict


def wait(pid):
    deadline = time.monotonic() + TIMEOUT_S
    handle = os.pidfd_open(pid)
    import select

    ready, _, _ = select.select([handle], [], [], deadline - time.monotonic())
    os.close(handle)
    if not ready:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return None
    return os.waitpid(pid, 0)[1]


def child(language, request, work, verdicts):
    os.setsid()
    os.chdir(work)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    language.reseed()
    if request["level"] == "plain":
        verdict = plain(request)
    else:
        verdict = language.run(
            {
                "code": request["source"],
                "files": {},
                "security_level": request["level"],
                "policy": {},
                "figure": {"formats": ["png"]},
                "limits": {},
            },
            lambda _: None,
        )
        verdict = {key: verdict[key] for key in ("status", "exceptions", "violations")}
    Path(verdicts).write_text(json.dumps(verdict))
    os._exit(0)


def plain(request):
    import types

    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    try:
        exec(compile(request["source"], "example.py", "exec"), main.__dict__)
    except SystemExit as left:
        return {"status": "error" if left.code else "success"}
    except BaseException as error:  # noqa: BLE001  (whatever an example raises is its result)
        return {
            "status": "error",
            "exceptions": [{"type": type(error).__name__, "message": str(error)[:300]}],
        }
    return {"status": "success"}


# --- fetching and choosing ---


def fetch(package, version, cache):
    """The unpacked source distribution; uv unpacks it before it finds that nothing here could build it."""
    found = sorted((cache / "uv").glob(f"sdists-*/pypi/{package}/{version}/*/src"))
    if not found:
        empty = cache / "empty"
        subprocess.run([UV, "venv", "-q", "--allow-existing", str(empty)], check=True)
        subprocess.run(
            [
                UV,
                "pip",
                "install",
                "-q",
                "--no-deps",
                "--no-build-isolation",
                "--no-binary",
                package,
                "--python",
                str(empty / "bin/python"),
                "--target",
                str(cache / "target"),
                f"{package}=={version}",
            ],
            env={**os.environ, "UV_CACHE_DIR": str(cache / "uv")},
            check=False,
            capture_output=True,
        )
        found = sorted((cache / "uv").glob(f"sdists-*/pypi/{package}/{version}/*/src"))
    return found[0]


def versions(guest):
    code = "import importlib.metadata as m, json; print(json.dumps({d.metadata['Name'].lower(): d.version for d in m.distributions()}))"
    return json.loads(subprocess.run([guest, "-c", code], capture_output=True, check=True, text=True).stdout)


def programs(library, folders, docstrings, source, most):
    skipped = ("conftest.py", "__init__.py", "setup.py")
    paths = [
        path
        for folder in folders
        for path in sorted((source / folder).rglob("*.py"))
        if path.name not in skipped
    ]
    found = [
        (str(path.relative_to(source)), path.read_text(encoding="utf-8", errors="replace")) for path in paths
    ]
    if docstrings and len(found) < most:
        found += docstring_programs(library, source / docstrings)
    found.sort(key=lambda item: hashlib.sha256(item[0].encode()).hexdigest())
    return found[:most]


def docstring_programs(library, package):
    parser = doctest.DocTestParser()
    for path in sorted(package.rglob("*.py")):
        if "tests" in path.parts or "_vendor" in path.parts:
            continue
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, (ast.FunctionDef, ast.ClassDef))
                and not node.name.startswith("_")
                and (text := ast.get_docstring(node))
            ):
                try:
                    examples = parser.get_examples(text)
                except ValueError:
                    continue
                if len(examples) >= 3:
                    yield (
                        f"{path.name}:{node.name}",
                        PRELUDE[library] + "".join(example.source for example in examples),
                    )


# --- judging ---


def reason(verdict):
    violations = verdict.get("violations") or []
    if violations:
        first = violations[0]
        return f"{first['rule']}: {first['what']}"
    exceptions = verdict.get("exceptions") or [{"type": verdict["status"], "message": ""}]
    return f"{exceptions[0]['type']}: {exceptions[0]['message'][:90]}"


def by_design(verdict):
    found = verdict.get("violations") or []
    return bool(found) and all(
        one["rule"] in BY_DESIGN
        or (one["rule"] == "import" and one["what"].split('"')[1].split(".")[0] in SYSTEM)
        or (one["rule"] == "attribute" and "_" in one["what"])
        or (one["rule"] == "import" and "._" in one["what"])
        or "unpickling" in one["why"]
        for one in found
    )


class Guest:
    def __init__(self, python, config_dir):
        self.process = subprocess.Popen(
            [python, __file__, "--serve", str(Path(__file__).parents[1])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(config_dir),
                "MPLCONFIGDIR": str(config_dir),
                "LC_ALL": "C.UTF-8",
            },
        )
        assert self.process.stdout.readline() == "ready\n"

    def run(self, source, level):
        self.process.stdin.write(json.dumps({"source": source, "level": level}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def measure(guest, library, chosen):
    counts, reasons, slow = Counter(), Counter(), []
    for name, source in chosen:
        if guest.run(source, "plain")["status"] != "success":
            continue
        counts["plain"] += 1
        isolated, restricted = guest.run(source, "isolated"), guest.run(source, "restricted")
        counts["isolated"] += isolated["status"] == "success"
        counts["restricted"] += restricted["status"] == "success"
        if isolated["status"] != "success":
            slow.append(("isolated", name, reason(isolated)))
        if restricted["status"] != "success":
            kind = "by design" if by_design(restricted) else "other"
            counts[kind] += 1
            reasons[(kind, reason(restricted))] += 1
            slow.append((kind, name, reason(restricted)))
    return {
        "library": library,
        "counts": dict(counts),
        "reasons": [[*key, n] for key, n in reasons.most_common()],
        "failures": slow,
    }


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--guest", required=True)
    options.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "example-sources")
    options.add_argument("--per-library", type=int, default=60)
    options.add_argument("--only", nargs="*")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    chosen.cache.mkdir(parents=True, exist_ok=True)
    installed = versions(chosen.guest)
    results = []
    guest = Guest(chosen.guest, chosen.cache)
    for library, (package, folders, docstrings) in PACKAGES.items():
        if chosen.only and library not in chosen.only:
            continue
        source = fetch(package, installed[package], chosen.cache)
        results.append(
            measure(
                guest,
                f"{library} {installed[package]}",
                programs(library, folders, docstrings, source, chosen.per_library),
            )
        )
        show(results[-1])
    guest.process.stdin.close()
    guest.process.wait()
    table(results)
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1))


def show(result):
    print(f"\n== {result['library']} {result['counts']}")
    for kind, name, why in result["failures"]:
        print(f"   {kind:9} {name}: {why}")
    sys.stdout.flush()


def table(results):
    print(
        "\n| library | run in plain Python | isolated | restricted | refused by design | other | restricted without by-design |"
    )
    print("|---|---|---|---|---|---|---|")
    total = Counter()
    for result in results:
        total.update(result["counts"])
        row(result["library"], result["counts"])
    row("all", total)


def row(name, counts):
    plain = counts.get("plain", 0) or 1
    countable = plain - counts.get("by design", 0) or 1
    print(
        f"| {name} | {counts.get('plain', 0)} | {counts.get('isolated', 0)} ({counts.get('isolated', 0) / plain:.0%}) "
        f"| {counts.get('restricted', 0)} ({counts.get('restricted', 0) / plain:.0%}) | {counts.get('by design', 0)} "
        f"| {counts.get('other', 0)} | {counts.get('restricted', 0) / countable:.0%} |"
    )


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(sys.argv[2])
    else:
        main()
