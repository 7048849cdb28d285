"""Charts as Vega-Lite, and drawn."""
