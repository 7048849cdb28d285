"""The URLs of analysis."""
