"""A matplotlib backend: Agg for drawing, `plt.show()` hands the open figures to the run's outputs."""

from __future__ import annotations

from typing import Any

from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

from coderunner.guest.language import figures


class FigureManager(FigureManagerBase):
    """Shows figures as outputs instead of windows."""

    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        figures.show_now()

    def show(self) -> None:
        """Nothing to raise: there is no window."""


class FigureCanvas(FigureCanvasAgg):
    """Agg with our manager."""

    manager_class: Any = FigureManager
