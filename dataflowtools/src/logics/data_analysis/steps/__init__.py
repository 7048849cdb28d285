"""The steps of a transformation, as models that parse them and tell their JSON Schema."""
