"""What making and changing documents needs of the world outside."""
