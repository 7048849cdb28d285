"""Programs that turn one format into another, each in a limited worker."""
