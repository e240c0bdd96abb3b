"""How the claims that a question asks for fall under topics, verdicts, sources and the like."""
