"""Nightly customer-value and satisfaction-gap warehouse."""

__version__ = "0.1.0"
