"""One operation over many files: each has its own outcome, and what they gave comes in one zip."""
