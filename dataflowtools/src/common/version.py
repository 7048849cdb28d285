"""The version of dataflowtools, as it tells it to callers."""

VERSION = "1.0.0"
