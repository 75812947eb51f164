"""List-mode files: the simulator's own, Siemens PETLINK, PETSIRD and GE RDF9."""
