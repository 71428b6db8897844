"""The tests: real databases, the real application, no mocks of our own code."""
