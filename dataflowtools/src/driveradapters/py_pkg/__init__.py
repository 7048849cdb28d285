"""The URLs of Python packages."""
