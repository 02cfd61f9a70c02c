"""The ledger of usage as its readers see it: sums by day, app, model, key and end user."""
