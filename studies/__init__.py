"""Perception studies: questionnaire, statistics, report."""
