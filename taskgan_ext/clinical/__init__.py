"""Behind the PACS: restore the series of a study and write derived ones, or say why not."""
