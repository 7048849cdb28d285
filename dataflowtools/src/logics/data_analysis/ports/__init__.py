"""What working on tables needs of the world outside."""
