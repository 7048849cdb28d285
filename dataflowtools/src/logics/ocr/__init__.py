"""Seeing: text out of pictures and scans, codes out of pictures, and codes as pictures."""
