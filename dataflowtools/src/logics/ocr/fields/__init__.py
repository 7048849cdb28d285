"""Kinds of documents whose fields are known: found by rules over the recognised lines, and checked."""
