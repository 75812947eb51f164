"""Raw data or the embedded simulators -> training pairs: NIfTI, a JSON sidecar per case, datalist.json."""
