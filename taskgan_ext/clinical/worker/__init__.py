"""A worker beside Orthanc: restores what lies there, and stores what it made, however often it is killed."""
