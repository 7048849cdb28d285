"""Tables checked against schemas and rules."""
