"""Who may use the Service and Dataset API: keys, apps, end users."""
