"""A speech server for nine languages; see docs/architecture.md for the path of a request."""
