"""Datasets: what they are, how they are searched, who may see them."""
