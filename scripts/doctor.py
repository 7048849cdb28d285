"""Names each wall of isolation on this machine: on or off, why, and what to do about it."""

import asyncio
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT),
    str(ROOT / "deps/servicekit"),
    str(ROOT / "deps/executor"),
    str(ROOT / "deps/rowkit"),
]

from coderunner.src.common.settings import Settings  # noqa: E402 - the path comes first
from coderunner.src.drivenadapters.sandbox.building import open_sandbox  # noqa: E402
from coderunner.src.logics.runner.ports.sandbox import SandboxState  # noqa: E402
from servicekit.settings import load_settings  # noqa: E402

TIMEOUT_S = 60.0


def report(state: SandboxState) -> None:
    """One line a layer."""
    for layer in sorted(state.layers, key=lambda layer: (layer.on, layer.name)):
        mark = "on " if layer.on else "OFF"
        need = "required" if layer.required else "optional"
        print(f"{mark}  {layer.name:14} {need:9} {layer.why}")
        if layer.remedy and not layer.on:
            print(f"     {'':14} {'':9} to do: {layer.remedy}")
    print(f"\ncode runs here: {'yes' if not state.refusal else 'NO, ' + state.refusal}")


async def main() -> int:
    """Build the sandbox as the service would, and look."""
    settings = load_settings(Settings, os.environ, env_file=ROOT / "coderunner" / ".env")
    async with open_sandbox(settings) as sandbox:
        state = sandbox.state()
        for _ in range(int(TIMEOUT_S * 10)):
            if state.ready or state.refusal != "the sandbox is starting":
                break
            await asyncio.sleep(0.1)
            state = sandbox.state()
        report(state)
        return 1 if state.refusal else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
