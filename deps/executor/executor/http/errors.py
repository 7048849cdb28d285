"""How the engine's errors are told over HTTP: merge this into a service's error table."""

from collections.abc import Mapping

from executor import errors
from servicekit.http import ErrorEntry

EXECUTION_ERRORS: Mapping[type[Exception], ErrorEntry] = {
    errors.ExecutionNotFound: ErrorEntry(404, "Execution not found"),
    errors.UnknownKind: ErrorEntry(422, "Unknown kind of execution"),
    errors.InvalidParameters: ErrorEntry(422, "The request is not valid"),
    errors.RequestTooLarge: ErrorEntry(413, "The request is too large"),
    errors.PermissionDenied: ErrorEntry(403, "Not permitted"),
    errors.IdempotencyConflict: ErrorEntry(422, "Idempotency key used with another request"),
    errors.ExecutionNotFinished: ErrorEntry(409, "The execution has not ended"),
    errors.ExecutionStillActive: ErrorEntry(409, "The execution has not ended"),
    errors.ResultGone: ErrorEntry(410, "The result is gone"),
    errors.ResultStoreUnavailable: ErrorEntry(503, "The result store is not available", 2),
    errors.QuotaExceeded: ErrorEntry(429, "Too many executions are waiting"),
    errors.QueueFull: ErrorEntry(503, "The queue is full"),
    errors.Draining: ErrorEntry(503, "The service is stopping"),
    errors.CallbackRefused: ErrorEntry(422, "The callback is refused"),
    errors.StoreUnavailable: ErrorEntry(503, "The database is not available", 2),
    errors.CarrierUnavailable: ErrorEntry(503, "The broker is not available", 2),
}
