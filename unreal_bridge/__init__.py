"""The gRPC bridge: takes to editors. Knows takes, not how they were made; the app hands in what analyses videos."""
