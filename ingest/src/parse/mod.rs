//! Bytes of a file → documents. Runs in the parser child only (see `sandbox`).
