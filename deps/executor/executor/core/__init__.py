"""The engine itself: decisions, loops and use cases, free of any technology."""
