"""The synthetic prefecture: a generator and its facts."""
