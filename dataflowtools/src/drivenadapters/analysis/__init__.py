"""Everything that computes on tables: the worker's side of analysis, and the adapter that drives it."""
