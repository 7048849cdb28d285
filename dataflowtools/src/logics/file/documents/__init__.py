"""Reading documents: one model for every format, the factory of handlers, the rules and the renderings."""
