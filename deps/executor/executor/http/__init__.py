"""The engine's routes for a servicekit application."""
