"""What reading documents needs of the world outside."""
