"""Retrieve DNase and MNase data from the database, and count them on every chromosome.

The first example of the old library's README. It needs tracks named
'dnase/dnase_all_combined' and 'mnase/q10/mnase_mids_combined', and the environment
variables GENOME_DB and GENOME_ASSEMBLY. Counts are whole numbers: import such tracks with
--dtype uint16, say (in a track of floats, bases without a value are NaN, and so is their sum).
"""

import numpy as np

import genomearray

# 'connect' to the genome database
gdb = genomearray.GenomeDB()

# open data 'tracks' for DNase and MNase
dnase_track = gdb.open_track("dnase/dnase_all_combined")
mnase_track = gdb.open_track("mnase/q10/mnase_mids_combined")

# pull out numpy arrays for a region of chromosome 12
start = 1000000
end = 1000100
dnase_vals = dnase_track.get_nparray("chr12", start, end)
mnase_vals = mnase_track.get_nparray("chr12", start, end)
print(dnase_vals)
print(mnase_vals)

# loop over chromosomes 1-22 and X counting the totals on each
for chrom in gdb.get_chromosomes():
    # report the length of the chromosome
    print("%s length is %dbp" % (chrom.name, chrom.length))

    # Count dnase cuts on this chromosome.  Ask for the entire
    # chromosome's values at once.  This uses a lot more memory than
    # getting small regions, but is faster if we want to look at every
    # site
    vals = dnase_track.get_nparray(chrom.name)
    total = np.sum(vals)
    print("DNase cuts: %d" % total)

    # now count number of MNase midpoints
    vals = mnase_track.get_nparray(chrom.name)
    total = np.sum(vals)
    print("MNase midpoints: %d" % total)

# close the HDF5 files
dnase_track.close()
mnase_track.close()
