"""Retrieve the DNA sequence of a region given on the command line.

The second example of the old library's README. It needs a sequence track named 'seq', and
the environment variables GENOME_DB and GENOME_ASSEMBLY:

    python get_sequence.py chr12 1000000 1010000 -
"""

import sys

import genomearray

if len(sys.argv) != 4 and len(sys.argv) != 5:
    sys.stderr.write("usage: %s <chr> <start> <end> [+|-]\n" % sys.argv[0])
    sys.exit(2)

# parse command line arguments
chrom_name = sys.argv[1]
start = int(sys.argv[2])
end = int(sys.argv[3])

if len(sys.argv) == 5:
    strand = genomearray.parse_strand(sys.argv[4])
else:
    strand = 1

# 'connect' to database
gdb = genomearray.GenomeDB()

# get a track which contains DNA sequence
track = gdb.open_track("seq")

# retrieve a sequence string from this track
seq_str = track.get_seq_str(chrom_name, start, end)

if strand == -1:
    # reverse complement the sequence if the reverse strand was requested
    seq_str = genomearray.revcomp(seq_str)
    strand_str = "(-)"
else:
    strand_str = ""

# write FASTA-formatted output
seq_id = "%s:%d-%d%s" % (chrom_name, start, end, strand_str)
genomearray.write_fasta(sys.stdout, seq_id, seq_str)

# close the HDF5 file
track.close()
