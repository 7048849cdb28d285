"""What converting needs of the world outside."""
