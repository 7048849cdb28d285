"""The engine's errors.

ExecutorError
├── ExecutionNotFound        no such execution for this caller
├── UnknownKind              no handler is registered for the kind
├── InvalidParameters        the request is wrong; `errors` names the fields
├── RequestTooLarge          the database does not take the request in one piece
├── PermissionDenied         the caller may not run this
├── IdempotencyConflict      the key was used with another body
├── ExecutionNotFinished     there is no result yet
├── ExecutionStillActive     only a finished execution can be retried or deleted
├── ResultGone               the result was deleted or has expired
├── ResultStoreUnavailable   results can be neither kept nor read now
├── QuotaExceeded            the tenant has too many waiting executions
├── QueueFull                the service has too many waiting executions
├── Draining                 the service is stopping and accepts nothing
├── CallbackRefused          the callback's address is not allowed
├── StoreUnavailable         the database did not answer
├── RowRefused               the database does not take a value
├── CarrierUnavailable       the broker did not answer
├── ConfigurationError       settings that cannot work together
├── IllegalTransition        a move that the state machine does not have
└── RetryableError           raised by handlers: what carries the work failed, not the work
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class ExecutorError(Exception):
    """Root of everything the engine raises on purpose."""

    code: ClassVar[str] = "executor_error"
    errors: Sequence[Mapping[str, Any]] = ()
    """The fields that are wrong, by pointer."""
    position: int | None = None
    """Which of several requests it is about."""


class ExecutionNotFound(ExecutorError):
    """No such execution for this caller."""

    code = "execution_not_found"

    def __init__(self, execution_id: str) -> None:
        super().__init__(f"There is no execution {execution_id}.")


class UnknownKind(ExecutorError):
    """No handler is registered for the kind."""

    code = "unknown_kind"

    def __init__(self, kind: str, known: Sequence[str]) -> None:
        super().__init__(f"There is no kind {kind!r}; known kinds: {', '.join(known) or 'none'}.")
        self.errors = [{"pointer": "/kind", "code": self.code, "message": str(self)}]


class InvalidParameters(ExecutorError):
    """The request is wrong; `errors` names the fields."""

    code = "invalid_parameters"

    def __init__(self, message: str, *, pointer: str = "", errors: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message)
        self.errors = [dict(error) for error in errors] or [
            {"pointer": pointer, "code": self.code, "message": message}
        ]


class RequestTooLarge(ExecutorError):
    """The database does not take the request in one piece."""

    code = "request_too_large"


class PermissionDenied(ExecutorError):
    """The caller may not run this."""

    code = "permission_denied"


class IdempotencyConflict(ExecutorError):
    """The key was used with another body."""

    code = "idempotency_conflict"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was already used with a different request.")


class ExecutionNotFinished(ExecutorError):
    """There is no result yet."""

    code = "execution_not_finished"
    retry_after_s = 1

    def __init__(self, execution_id: str, status: str) -> None:
        super().__init__(f"Execution {execution_id} is {status}; it has no result yet.")
        self.extra = {"status": status}


class ExecutionStillActive(ExecutorError):
    """Only a finished execution can be retried or deleted."""

    code = "execution_still_active"

    def __init__(self, execution_id: str, status: str) -> None:
        super().__init__(f"Execution {execution_id} is {status}; wait for its end or cancel it first.")


class ResultGone(ExecutorError):
    """The result was deleted or has expired."""

    code = "result_gone"


class ResultStoreUnavailable(ExecutorError):
    """Results can be neither kept nor read now."""

    code = "result_store_unavailable"
    retry_after_s = 2


class _Overload(ExecutorError):
    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QuotaExceeded(_Overload):
    """The tenant has too many waiting executions."""

    code = "quota_exceeded"


class QueueFull(_Overload):
    """The service has too many waiting executions."""

    code = "queue_full"


class Draining(_Overload):
    """The service is stopping and accepts nothing."""

    code = "draining"


class CallbackRefused(ExecutorError):
    """The callback's address is not allowed."""

    code = "callback_refused"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.errors = [{"pointer": "/options/callback/url", "code": self.code, "message": message}]


class StoreUnavailable(ExecutorError):
    """The database did not answer."""

    code = "store_unavailable"
    retry_after_s = 2


class RowRefused(ExecutorError):
    """The database does not take a value: too long, or a reference to what is gone."""

    code = "row_refused"


class CarrierUnavailable(ExecutorError):
    """The broker did not answer."""

    code = "carrier_unavailable"
    retry_after_s = 2


class ConfigurationError(ExecutorError):
    """Settings that cannot work together."""

    code = "configuration_error"


class IllegalTransition(ExecutorError):
    """A move that the state machine does not have."""

    code = "illegal_transition"


class RetryableError(ExecutorError):
    """Raised by handlers: what carries the work failed, not the work; another attempt may succeed."""

    code = "retryable_error"
