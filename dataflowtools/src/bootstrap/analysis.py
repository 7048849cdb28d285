"""Analysis: the engine in limited workers, and its use cases."""

from contextlib import AsyncExitStack

from dataflowtools.src.common.settings import Settings
from dataflowtools.src.drivenadapters.analysis.worker_table_engine import WorkerTableEngine
from dataflowtools.src.drivenadapters.workers.limited_workers import LimitedWorkers
from dataflowtools.src.driveradapters.data_analysis.routes import AnalysisUses
from dataflowtools.src.logics.data_analysis.analyze_table import AnalyzeTable
from dataflowtools.src.logics.data_analysis.gather_tables import GatherTables
from dataflowtools.src.logics.data_analysis.infer_schema import InferSchema
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.src.logics.data_analysis.list_operations import ListOperations
from dataflowtools.src.logics.data_analysis.ports.code_execution import CodeExecution
from dataflowtools.src.logics.data_analysis.run_custom import RunCustom
from dataflowtools.src.logics.data_analysis.transform_table import TransformTable
from dataflowtools.src.logics.data_analysis.validate_table import ValidateTable
from dataflowtools.src.logics.file.open_file import OpenFile
from dataflowtools.src.logics.file.upload_files import UploadFiles


def analysis_limits(settings: Settings) -> AnalysisLimits:
    """Read the limits from the settings."""
    return AnalysisLimits(
        rows=settings.analysis_max_rows,
        cells=settings.analysis_max_cells,
        inline_rows=settings.analysis_inline_rows,
        inline_bytes=settings.analysis_inline_bytes,
        stream_bytes=settings.analysis_stream_bytes,
        timeout_s=settings.analysis_timeout_s,
        memory_bytes=settings.analysis_memory_bytes,
        file_bytes=settings.file_max_bytes,
    )


def open_table_engine(
    settings: Settings, resources: AsyncExitStack, workers: LimitedWorkers
) -> WorkerTableEngine:
    """Compute on tables in limited workers."""
    engine = WorkerTableEngine(workers, limits=analysis_limits(settings), folder=settings.data_dir / "held")
    resources.callback(engine.close)
    return engine


def analysis_uses(
    settings: Settings,
    *,
    engine: WorkerTableEngine,
    open_file: OpenFile,
    upload_files: UploadFiles,
    execution: CodeExecution,
) -> AnalysisUses:
    """Build the use cases of analysis."""
    limits = analysis_limits(settings)
    gather = GatherTables(open_file=open_file, engine=engine)
    transform_table = TransformTable(gather=gather, engine=engine, upload_files=upload_files, limits=limits)
    return AnalysisUses(
        analyze_table=AnalyzeTable(gather=gather, engine=engine),
        transform_table=transform_table,
        run_custom=RunCustom(
            gather=gather,
            engine=engine,
            execution=execution,
            transform_table=transform_table,
            max_bytes=settings.analysis_custom_bytes,
        ),
        validate_table=ValidateTable(gather=gather, engine=engine),
        infer_schema=InferSchema(gather=gather, engine=engine),
        list_operations=ListOperations(engine=engine),
    )
