"""What both services share of HTTP: one face for requests, errors, keys, health and shutdown."""
