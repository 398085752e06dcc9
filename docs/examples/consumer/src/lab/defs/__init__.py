"""Everything that the project defines, loaded by ``dg``."""
