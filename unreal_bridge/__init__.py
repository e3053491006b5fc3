"""The gRPC bridge: takes to editors. Its services come with the bridge release."""
