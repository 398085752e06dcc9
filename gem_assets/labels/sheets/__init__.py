"""The formats of sample sheets: each module recognises one by its content and lays it out.

=================== ============================================================================
plain               our own columns, or any of their synonyms
nfcore              samplesheet of nf-core pipelines; the rows of one ``sample`` are its lanes
sdrf                MAGE-TAB's sample and data relationship format, Expression Atlas' design
geo_series_matrix   GEO's series matrix, of which the ``!Sample_`` lines are read
sra_run_table       metadata table of NCBI's Run Selector
gtex                GTEx' sample attributes
cellxgene           ``obs`` of CELLxGENE's schema, as a table
=================== ============================================================================

A new format is a new module with one class that fits `gem_assets.labels.sheets.layout.SheetFormat`.
"""
