"""The base of what requests about tables say."""

from dataflowtools.src.common.strict_model import Model

__all__ = ["Model"]
