"""Tags of datasets."""
