"""Promises that the code base makes about itself."""
