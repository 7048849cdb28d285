"""What batches need of the world outside."""
