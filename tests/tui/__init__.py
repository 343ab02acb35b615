"""Screens, without a store: answers are made up."""
