"""CDEvents, deployment webhooks and tables to Change records."""
