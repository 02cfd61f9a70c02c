"""What an app's authors see of everybody's conversations: logs, feedback and figures (console-api.md section 9)."""
