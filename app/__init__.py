"""Onrecord: a ledger of source-attributed claims."""
