"""/api/ocr: text and codes over HTTP."""
