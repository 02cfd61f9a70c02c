"""Everything between the wire and a handler: access rules, errors, printing of JSON and SSE."""
