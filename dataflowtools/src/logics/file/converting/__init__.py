"""Converting files: a graph of converters and the shortest way through it."""
