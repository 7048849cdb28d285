"""What seeing needs of the world outside."""
