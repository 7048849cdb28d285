"""Tables out of files of every kind."""
