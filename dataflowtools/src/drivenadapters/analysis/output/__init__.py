"""Tables written."""
