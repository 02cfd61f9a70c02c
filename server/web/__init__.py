"""The Web API (web-api.md): what visitors of published web apps call. Rules are those of the Service API's slices."""
