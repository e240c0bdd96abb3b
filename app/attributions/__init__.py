"""Who asserted a claim, in which document and words, and through whom it reached us."""
