"""Reading documents: handlers that run in limited worker processes, and the reader that gives them work.

One handler per family of formats, each a `DocumentHandler` of `logics/file/documents`; `handlers.py` lists
them. To read another format: write a handler, list it there, and let `detect.py` recognise its first bytes.
"""
