"""Ask once, keep for ever: content keys, ledger, store and the flow that chunks and resumes."""
