"""What the instance can do, told to everybody (console-api.md section 12)."""
