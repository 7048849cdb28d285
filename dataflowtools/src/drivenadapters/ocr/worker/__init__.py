"""The side of the worker: plain functions that get open files and give back JSON and bytes."""
