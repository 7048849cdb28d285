"""Wheels made from source, where the operator allows it."""

import abc
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BuiltWheel:
    """A wheel as its build left it; nobody has looked it over yet."""

    filename: str
    content: bytes


class SourceBuilder(abc.ABC):
    """Runs build scripts inside the sandbox only: without network, and with wheels as the only build tools."""

    @abc.abstractmethod
    async def build(self, location: str, tell: Callable[[str], None]) -> BuiltWheel:
        """From a folder or an archive of this machine (an absolute path), or from `git+https://…[@ref]`.

        PackagesUnresolvable quotes the build; SandboxRefused and SandboxUnavailable where nothing can be run.
        """
