"""Sealed identities: who an anonymous source is, kept so that the service cannot read it; and their custodians."""
