"""A demo company: generated vendors' records with known truth, and the HTTP servers that answer with them."""
