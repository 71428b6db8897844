"""Rates, coverage and arrival, each with its fraction and the codes behind it; reads only."""
