"""The names that services use to speak HTTP."""

from servicekit.application import make_app
from servicekit.operations import Route, operation
from servicekit.parsing import Body, decode_cursor, encode_cursor, encode_json, parse_query
from servicekit.problems import ErrorEntry, Problem
from servicekit.streaming import ApiHandler, StreamingHandler

__all__ = [
    "ApiHandler",
    "Body",
    "ErrorEntry",
    "Problem",
    "Route",
    "StreamingHandler",
    "decode_cursor",
    "encode_cursor",
    "encode_json",
    "make_app",
    "operation",
    "parse_query",
]
