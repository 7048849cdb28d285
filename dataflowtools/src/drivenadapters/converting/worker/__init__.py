"""The worker's side: nothing here is imported by the service."""
