//! Spark NLP's BERT annotator pipeline over Arrow record batches.
