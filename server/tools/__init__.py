"""Tools of workflows and agents: packaged ones, OpenAPI schemas, MCP servers, workflows."""
