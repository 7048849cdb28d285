"""Adapters: celery."""
