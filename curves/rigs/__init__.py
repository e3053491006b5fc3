"""AU to rig control mappings as data."""
