"""Follow-ups: what has to follow a committed write, kept in the database until it is done."""
