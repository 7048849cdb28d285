"""Adapters: sql."""
