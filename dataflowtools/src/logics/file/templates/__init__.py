"""Templates: what they ask for, and how they are filled."""
