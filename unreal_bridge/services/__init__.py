"""The services of bridge.proto, a module each; what they share is handed in."""
