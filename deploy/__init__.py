"""Everything that runs the five services somewhere: the local stack, its command line, files for servers."""
