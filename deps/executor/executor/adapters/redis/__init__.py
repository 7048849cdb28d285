"""Adapters: redis."""
