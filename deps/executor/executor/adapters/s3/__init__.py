"""Adapters: s3."""
