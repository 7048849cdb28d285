"""Every function of the language by name."""

from dataflowtools.src.drivenadapters.analysis.expressions.date_functions import DATE_FUNCTIONS
from dataflowtools.src.drivenadapters.analysis.expressions.number_functions import NUMBER_FUNCTIONS
from dataflowtools.src.drivenadapters.analysis.expressions.signature import Function
from dataflowtools.src.drivenadapters.analysis.expressions.text_functions import TEXT_FUNCTIONS
from dataflowtools.src.drivenadapters.analysis.expressions.value_functions import VALUE_FUNCTIONS

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (*NUMBER_FUNCTIONS, *TEXT_FUNCTIONS, *DATE_FUNCTIONS, *VALUE_FUNCTIONS)
}
