"""Ids of files that executions store."""

import hashlib


def result_id(execution_id: str) -> str:
    """Name the one file that an execution stores: another attempt at it finds the file instead of a second one."""
    return hashlib.sha256(f"result of {execution_id}".encode()).hexdigest()[:32]
