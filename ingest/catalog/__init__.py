"""Backstage catalogs and CODEOWNERS to Service and owner records."""
