"""Vendors' APIs: a table of streams and a pure pager each, over one shared client."""
