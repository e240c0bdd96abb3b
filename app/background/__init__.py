"""Background: carries out what follows committed writes, in portions, beside the requests."""
