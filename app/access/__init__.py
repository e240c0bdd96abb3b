"""Who may do what: keys to principals, scopes, audiences, and the unit of work that a request runs in."""
