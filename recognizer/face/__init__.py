"""Detect, landmark, track, stabilise, measure motion."""
