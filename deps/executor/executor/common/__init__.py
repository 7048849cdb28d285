"""Frozen values of the execution engine."""
