"""Technologies behind the engine's ports."""
