"""People who administer: setup of the instance, sessions, accounts, workspaces (console-api.md sections 2-5)."""
