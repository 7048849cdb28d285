"""What package management needs of the world outside."""
