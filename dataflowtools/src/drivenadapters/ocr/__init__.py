"""Seeing: pictures, text engines and codes; whatever decodes bytes of strangers runs in limited workers."""
