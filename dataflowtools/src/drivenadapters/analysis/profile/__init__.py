"""What a table is like, column by column and as a whole."""
