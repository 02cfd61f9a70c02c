"""Metadata of documents: fields of a dataset, values on its documents, conditions on them."""
