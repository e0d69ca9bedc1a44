//! Spark NLP's text rules: sentences, tokens, word pieces as spans of a &str.
