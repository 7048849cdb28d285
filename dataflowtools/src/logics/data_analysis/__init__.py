"""Counting: tables analysed, transformed, checked, and handed to free code."""
