"""Kinds of executions."""
