"""What the engine needs from the outside, as abstract classes."""
