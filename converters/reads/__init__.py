"""Aligned reads: BAM, SAM and CRAM become counts at every base.

One way through: ``source`` opens a file, ``bgzf`` inflates its blocks in threads, ``stream`` walks the
records with the kernels of ``records``, ``counters`` turn reads into counts in a ``window`` that moves
along the chromosome, and ``importing`` hands finished windows to the writer of a track.
"""
