"""Expressions compiled to Polars."""
