"""The URLs of analysis."""

from dataclasses import dataclass

from dataflowtools.src.driveradapters.data_analysis.analyze_handler import AnalyzeHandler
from dataflowtools.src.driveradapters.data_analysis.custom_handler import CustomHandler
from dataflowtools.src.driveradapters.data_analysis.transform_handler import StepsHandler, TransformHandler
from dataflowtools.src.driveradapters.data_analysis.validate_handler import SchemaHandler, ValidateHandler
from dataflowtools.src.logics.data_analysis.analyze_table import AnalyzeTable
from dataflowtools.src.logics.data_analysis.infer_schema import InferSchema
from dataflowtools.src.logics.data_analysis.list_operations import ListOperations
from dataflowtools.src.logics.data_analysis.run_custom import RunCustom
from dataflowtools.src.logics.data_analysis.transform_table import TransformTable
from dataflowtools.src.logics.data_analysis.validate_table import ValidateTable
from servicekit.http import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisUses:
    """The use cases behind /api/data_analysis."""

    analyze_table: AnalyzeTable
    transform_table: TransformTable
    validate_table: ValidateTable
    infer_schema: InferSchema
    list_operations: ListOperations
    run_custom: RunCustom


def analysis_routes(uses: AnalysisUses) -> list[Route]:
    """List the routes of analysis."""
    return [
        Route("/api/data_analysis/analyze", AnalyzeHandler, {"analyze_table": uses.analyze_table}),
        Route("/api/data_analysis/transform", TransformHandler, {"transform_table": uses.transform_table}),
        Route("/api/data_analysis/validate", ValidateHandler, {"validate_table": uses.validate_table}),
        Route("/api/data_analysis/custom", CustomHandler, {"run_custom": uses.run_custom}),
        Route("/api/data_analysis/schema", SchemaHandler, {"infer_schema": uses.infer_schema}),
        Route("/api/data_analysis/steps", StepsHandler, {"list_operations": uses.list_operations}),
    ]
