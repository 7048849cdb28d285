"""Making and changing documents."""
