"""Datasets in the console: the use cases of the Dataset API, in the name of a member."""
