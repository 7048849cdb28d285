"""What codes say, parsed as data and never acted upon."""
