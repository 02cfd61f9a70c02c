"""Tools that come with the server and need no account: time, JSON, web pages, code, charts."""
