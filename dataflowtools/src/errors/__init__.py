"""Everything that can go wrong, one module a subject; statuses are in driveradapters/error_table.py.

DataflowError
├── RequestRefused     the caller can put it right
│   ├── files          InvalidFileRequest, FileNotFound, FileTooLarge, QuotaExceeded, TypeMismatch,
│   │                  PreconditionFailed, UploadInterrupted, IdempotencyKeyReused
│   ├── documents      EmptyFile, CorruptFile, UnsupportedType, UnsupportedConversion, DecompressionLimit,
│   │                  ForbiddenXml, SheetTooLarge, DocumentTooLarge, ImageTooLarge, PasswordRequired,
│   │                  PasswordIncorrect, InvalidSelection
│   ├── writing        InvalidContent, InvalidEdit, EditConflict, InvalidTemplate, MissingFields,
│   │                  InvalidTemplateData
│   ├── ocr            InvalidCode, LanguageUnavailable
│   ├── tags           InvalidTag, TagNotFound, TagExists, TagInUse, InvalidTagExpression, InvalidTagRules
│   ├── analysis       InvalidAnalysis, InvalidStep, UnknownColumn, TableTooLarge, InvalidExpression,
│   │                  OperationNotAllowed, InvalidPattern, InvalidSql, InvalidTableSchema,
│   │                  CoderunnerRefused, CoderunnerForbade
│   └── workers        WorkerCrashed, WorkerMemoryExceeded, WorkerResultTooLarge, WorkerTimedOut
└── ServiceTrouble     the caller can only try again
    ├── analysis       CoderunnerUnavailable
    ├── documents      EngineMissing
    ├── ocr            OcrServiceUnavailable
    ├── workers        WorkerLost, WorkersBusy, WorkersUnavailable
    └── trouble        StoreUnavailable, StoreOfAnother, StorageFull, DatabaseUnavailable
"""

from dataflowtools.src.errors.analysis import (
    CoderunnerForbade,
    CoderunnerRefused,
    CoderunnerUnavailable,
    InvalidAnalysis,
    InvalidExpression,
    InvalidPattern,
    InvalidSql,
    InvalidStep,
    InvalidTableSchema,
    OperationNotAllowed,
    TableTooLarge,
    UnknownColumn,
)
from dataflowtools.src.errors.base import (
    DataflowError,
    RequestRefused,
    ServiceTrouble,
)
from dataflowtools.src.errors.documents import (
    CorruptFile,
    DecompressionLimit,
    DocumentTooLarge,
    EmptyFile,
    EngineMissing,
    ForbiddenXml,
    ImageTooLarge,
    InvalidSelection,
    PasswordIncorrect,
    PasswordRequired,
    SheetTooLarge,
    UnsupportedConversion,
    UnsupportedType,
)
from dataflowtools.src.errors.files import (
    FileNotFound,
    FileTooLarge,
    IdempotencyKeyReused,
    InvalidFileRequest,
    PreconditionFailed,
    QuotaExceeded,
    TypeMismatch,
    UploadInterrupted,
)
from dataflowtools.src.errors.ocr import (
    InvalidCode,
    LanguageUnavailable,
    OcrServiceUnavailable,
)
from dataflowtools.src.errors.tags import (
    InvalidTag,
    InvalidTagExpression,
    InvalidTagRules,
    TagExists,
    TagInUse,
    TagNotFound,
)
from dataflowtools.src.errors.trouble import (
    DatabaseUnavailable,
    StorageFull,
    StoreOfAnother,
    StoreUnavailable,
)
from dataflowtools.src.errors.workers import (
    WorkerCrashed,
    WorkerLost,
    WorkerMemoryExceeded,
    WorkerResultTooLarge,
    WorkersBusy,
    WorkersUnavailable,
    WorkerTimedOut,
)
from dataflowtools.src.errors.writing import (
    EditConflict,
    InvalidContent,
    InvalidEdit,
    InvalidTemplate,
    InvalidTemplateData,
    MissingFields,
)

__all__ = [
    "CoderunnerForbade",
    "CoderunnerRefused",
    "CoderunnerUnavailable",
    "CorruptFile",
    "DatabaseUnavailable",
    "DataflowError",
    "DecompressionLimit",
    "DocumentTooLarge",
    "EditConflict",
    "EmptyFile",
    "EngineMissing",
    "FileNotFound",
    "FileTooLarge",
    "ForbiddenXml",
    "IdempotencyKeyReused",
    "ImageTooLarge",
    "InvalidAnalysis",
    "InvalidCode",
    "InvalidContent",
    "InvalidEdit",
    "InvalidExpression",
    "InvalidFileRequest",
    "InvalidPattern",
    "InvalidSelection",
    "InvalidSql",
    "InvalidStep",
    "InvalidTableSchema",
    "InvalidTag",
    "InvalidTagExpression",
    "InvalidTagRules",
    "InvalidTemplate",
    "InvalidTemplateData",
    "LanguageUnavailable",
    "MissingFields",
    "OcrServiceUnavailable",
    "OperationNotAllowed",
    "PasswordIncorrect",
    "PasswordRequired",
    "PreconditionFailed",
    "QuotaExceeded",
    "RequestRefused",
    "ServiceTrouble",
    "SheetTooLarge",
    "StorageFull",
    "StoreOfAnother",
    "StoreUnavailable",
    "TableTooLarge",
    "TagExists",
    "TagInUse",
    "TagNotFound",
    "TypeMismatch",
    "UnknownColumn",
    "UnsupportedConversion",
    "UnsupportedType",
    "UploadInterrupted",
    "WorkerCrashed",
    "WorkerLost",
    "WorkerMemoryExceeded",
    "WorkerResultTooLarge",
    "WorkerTimedOut",
    "WorkersBusy",
    "WorkersUnavailable",
]
