"""Whole cohorts: a table of subjects, a case for each, spread over processes or a cluster, resumable."""
