"""Documents made, changed and filled, in limited workers."""
