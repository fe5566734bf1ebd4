"""What is measured: for each subject its metrics, a pure function from records to samples, and the collector."""
