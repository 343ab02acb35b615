"""One module a question: store.read to analysis to a frozen answer."""
