"""Ranked lists in both directions, with the fairness floor, exploration and neutral lists."""
