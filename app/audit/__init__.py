"""What was done with what is most secret, as auditors read it; `app.access.audit` adds to it."""
