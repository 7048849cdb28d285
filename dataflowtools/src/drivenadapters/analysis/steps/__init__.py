"""The steps of a transformation, on Polars."""
