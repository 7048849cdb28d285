"""The HTTP status and title of every error; the errors themselves know none."""

from collections.abc import Mapping

from dataflowtools.src import errors
from servicekit.http import ErrorEntry

ERROR_TABLE: Mapping[type[Exception], ErrorEntry] = {
    # ----- files -----
    errors.InvalidFileRequest: ErrorEntry(422, "Invalid file request"),
    errors.FileNotFound: ErrorEntry(404, "File not found"),
    errors.FileTooLarge: ErrorEntry(413, "File too large"),
    errors.QuotaExceeded: ErrorEntry(507, "Quota exceeded"),
    errors.TypeMismatch: ErrorEntry(415, "Content does not match the name"),
    errors.PreconditionFailed: ErrorEntry(412, "Precondition failed"),
    errors.IdempotencyKeyReused: ErrorEntry(422, "Idempotency-Key was used before"),
    errors.UploadInterrupted: ErrorEntry(400, "Upload interrupted"),
    # ----- tags -----
    errors.InvalidTag: ErrorEntry(422, "Invalid tag"),
    errors.TagNotFound: ErrorEntry(404, "Tag not found"),
    errors.TagExists: ErrorEntry(409, "Tag exists"),
    errors.TagInUse: ErrorEntry(409, "Tag in use"),
    errors.InvalidTagExpression: ErrorEntry(422, "Invalid tag expression"),
    errors.InvalidTagRules: ErrorEntry(422, "Invalid tag rules"),
    # ----- what the service stands on -----
    errors.StoreUnavailable: ErrorEntry(503, "File store unavailable"),
    errors.StoreOfAnother: ErrorEntry(503, "File store of another database"),
    errors.StorageFull: ErrorEntry(507, "Storage full"),
    errors.DatabaseUnavailable: ErrorEntry(503, "Database unavailable"),
    # ----- limited workers -----
    errors.WorkerCrashed: ErrorEntry(422, "Processing crashed"),
    errors.WorkerMemoryExceeded: ErrorEntry(422, "Memory limit"),
    errors.WorkerResultTooLarge: ErrorEntry(422, "Result too large"),
    errors.WorkerTimedOut: ErrorEntry(504, "Time limit"),
    errors.WorkerLost: ErrorEntry(503, "Worker lost"),
    errors.WorkersBusy: ErrorEntry(503, "Workers busy"),
    errors.WorkersUnavailable: ErrorEntry(503, "Workers unavailable"),
    # ----- documents -----
    errors.EmptyFile: ErrorEntry(422, "Empty file"),
    errors.CorruptFile: ErrorEntry(422, "Corrupt file"),
    errors.UnsupportedType: ErrorEntry(415, "Unsupported type"),
    errors.UnsupportedConversion: ErrorEntry(422, "Unsupported conversion"),
    errors.DecompressionLimit: ErrorEntry(422, "Decompression limit"),
    errors.ForbiddenXml: ErrorEntry(422, "Forbidden XML"),
    errors.SheetTooLarge: ErrorEntry(422, "Sheet too large"),
    errors.DocumentTooLarge: ErrorEntry(413, "Document too large"),
    errors.ImageTooLarge: ErrorEntry(422, "Image too large"),
    errors.PasswordRequired: ErrorEntry(422, "Password required"),
    errors.PasswordIncorrect: ErrorEntry(422, "Password incorrect"),
    errors.InvalidSelection: ErrorEntry(422, "Invalid selection"),
    errors.EngineMissing: ErrorEntry(503, "Engine missing"),
    # ----- writing -----
    errors.InvalidContent: ErrorEntry(422, "Invalid content"),
    errors.InvalidEdit: ErrorEntry(422, "Invalid edit"),
    errors.EditConflict: ErrorEntry(409, "Edit conflict"),
    errors.InvalidTemplate: ErrorEntry(422, "Invalid template"),
    errors.MissingFields: ErrorEntry(422, "Missing fields"),
    errors.InvalidTemplateData: ErrorEntry(422, "Invalid template data"),
    # ----- ocr -----
    errors.InvalidCode: ErrorEntry(422, "Invalid code"),
    errors.LanguageUnavailable: ErrorEntry(422, "Language unavailable"),
    errors.OcrServiceUnavailable: ErrorEntry(503, "OCR service unavailable"),
    # ----- data_analysis -----
    errors.InvalidAnalysis: ErrorEntry(422, "Invalid analysis"),
    errors.InvalidStep: ErrorEntry(422, "Invalid step"),
    errors.UnknownColumn: ErrorEntry(422, "Unknown column"),
    errors.TableTooLarge: ErrorEntry(422, "Table too large"),
    errors.InvalidExpression: ErrorEntry(422, "Invalid expression"),
    errors.OperationNotAllowed: ErrorEntry(422, "Operation not allowed"),
    errors.InvalidPattern: ErrorEntry(422, "Invalid pattern"),
    errors.InvalidSql: ErrorEntry(422, "Invalid SQL"),
    errors.InvalidTableSchema: ErrorEntry(422, "Invalid table schema"),
    errors.CoderunnerRefused: ErrorEntry(422, "Refused by coderunner"),
    errors.CoderunnerForbade: ErrorEntry(403, "Forbidden by coderunner"),
    errors.CoderunnerUnavailable: ErrorEntry(503, "Coderunner unavailable"),
}
