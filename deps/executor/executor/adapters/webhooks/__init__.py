"""Adapters: webhooks."""
