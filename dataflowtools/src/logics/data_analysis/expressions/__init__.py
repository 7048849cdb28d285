"""The language of expressions: text to a tree, never to code."""
