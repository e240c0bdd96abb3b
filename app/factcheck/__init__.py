"""Published verdicts as Google's Fact Check Tools give them, for the clients of that API."""
