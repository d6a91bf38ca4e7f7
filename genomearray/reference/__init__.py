"""The frame of reference: assemblies, names of chromosomes, regions, intervals, DNA."""
