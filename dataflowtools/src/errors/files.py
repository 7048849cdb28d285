"""What can be wrong with a request about stored files."""

from dataflowtools.src.errors.base import RequestRefused


class InvalidFileRequest(RequestRefused):
    """An upload, a query or a metadata change that makes no sense as it stands."""

    code = "invalid_file_request"


class FileNotFound(RequestRefused):
    """No file of this tenant has that id."""

    code = "file_not_found"


class FileTooLarge(RequestRefused):
    """One file is larger than the operator allows."""

    code = "file_too_large"


class QuotaExceeded(RequestRefused):
    """The tenant's files together would be larger than its quota."""

    code = "quota_exceeded"


class TypeMismatch(RequestRefused):
    """The content is clearly of another type than the file's name claims."""

    code = "type_mismatch"

    def __init__(self, message: str, *, field: str, found: str) -> None:
        super().__init__(message, field=field)
        self.extra = {"found": found}


class PreconditionFailed(RequestRefused):
    """The file is no longer the version that the caller named."""

    code = "precondition_failed"


class IdempotencyKeyReused(RequestRefused):
    """A caller's name for a request was used for a different one before."""

    code = "idempotency_key_reused"


class UploadInterrupted(RequestRefused):
    """The body ended before the upload was complete."""

    code = "upload_interrupted"
