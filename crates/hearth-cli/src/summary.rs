//! The closing summary: what was done, and everything that was not.

use std::time::Duration;

use hearth::{Pipeline, Totals};
use hearth_io::Written;
use indicatif::HumanBytes;
use serde::Serialize;

/// What a run did.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    schema_version: u32,
    #[serde(flatten)]
    seen: Totals,
    output_rows: u64,
    output_bytes: u64,
    output_files: usize,
    seconds: f64,
    tokens_per_second: f64,
    pieces_per_second: f64,
    #[serde(skip)]
    rules: Rules,
}

/// By which rules the texts of a pipeline get their vectors; nothing where none do.
#[derive(Debug)]
pub(crate) struct Rules(Vec<String>);

impl Rules {
    pub(crate) fn of(pipeline: &Pipeline) -> Self {
        let stages = pipeline.stages.iter();
        let stages = stages.filter(|stage| stage.kind == "bert_embeddings");
        let mut rules: Vec<String> = stages
            .map(|stage| {
                let value = |key: &str| stage.parameters.get(key).and_then(|value| value.as_str());
                let tokenizer = match value("compat") {
                    Some("full") => "the model's own tokenizer (compat full)",
                    _ => "Spark NLP's rules (compat spark)",
                };
                let own = match (value("compat"), value("pieces")) {
                    (Some("full"), None | Some("mean")) => "the mean of each token's pieces",
                    _ => "each token's first piece",
                };
                let level = match value("level") {
                    None | Some("token") => return format!("{own}, by {tokenizer}"),
                    Some(level) => level,
                };
                let pooled = match value("pooling") {
                    Some("mean") => {
                        "the mean of all its positions, [CLS] and [SEP] included".to_owned()
                    }
                    Some("max") => "the largest of each value over all its positions".to_owned(),
                    Some("cls") => "that of [CLS]".to_owned(),
                    Some("sum") => format!("the sum of its tokens' ({own})"),
                    _ => format!("the mean of its tokens' ({own})"),
                };
                format!("one for each {level}, {pooled}, by {tokenizer}")
            })
            .collect();
        rules.dedup();
        Rules(rules)
    }
}

impl Summary {
    pub(crate) fn new(seen: Totals, rules: Rules, written: &[Written], time: Duration) -> Self {
        let seconds = time.as_secs_f64();
        Summary {
            schema_version: 1,
            output_rows: written.iter().map(|w| w.rows).sum(),
            output_bytes: written.iter().map(|w| w.bytes).sum(),
            output_files: written.len(),
            seconds,
            tokens_per_second: seen.tokens as f64 / seconds.max(1e-9),
            pieces_per_second: seen.pieces as f64 / seconds.max(1e-9),
            seen,
            rules,
        }
    }

    /// One JSON object.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Lines for people.
    pub(crate) fn text(&self) -> String {
        let s = &self.seen;
        let mut lines = vec![format!(
            "{} rows ({} null), {} sentences, {} tokens",
            grouped(s.rows),
            grouped(s.null_rows),
            grouped(s.sentences),
            grouped(s.tokens)
        )];
        if s.sentences_dropped > 0 {
            let dropped = grouped(s.sentences_dropped);
            lines.push(format!("sentences dropped by the length limits: {dropped}"));
        }
        if s.tokens_removed > 0 {
            let removed = grouped(s.tokens_removed);
            lines.push(format!(
                "tokens removed by normalizers and stop words: {removed}"
            ));
        }
        if s.tokens_dropped > 0 {
            lines.push(format!(
                "tokens dropped by the length limits: {}",
                grouped(s.tokens_dropped)
            ));
        }
        for rules in &self.rules.0 {
            lines.push(format!("vectors: {rules}"));
        }
        let encodes = !self.rules.0.is_empty();
        if encodes {
            lines.push(format!(
                "tokens cut: {} (in {} sentences longer than the limit; {} more have the vector of [SEP])",
                grouped(s.tokens_cut),
                grouped(s.sentences_cut),
                grouped(s.tokens_at_sep)
            ));
            lines.push(format!(
                "tokens without a vector: {} cut, {} without a word",
                grouped(s.tokens_cut),
                grouped(s.tokens_without_word)
            ));
            if s.pooled + s.pooled_without_vector > 0 {
                lines.push(format!(
                    "pooled vectors: {}; {} without, for want of a token that has one",
                    grouped(s.pooled),
                    grouped(s.pooled_without_vector)
                ));
            }
            lines.push(format!(
                "folded sentences: {} of {} were equal to another one and shared its vectors",
                grouped(s.folded),
                grouped(s.sequences)
            ));
        }
        let pieces = match encodes {
            true => format!(", {} pieces/s", whole(self.pieces_per_second)),
            false => String::new(),
        };
        lines.push(format!(
            "{:.2} s, {} tokens/s{pieces}",
            self.seconds,
            whole(self.tokens_per_second)
        ));
        let files = if self.output_files == 1 {
            "file"
        } else {
            "files"
        };
        lines.push(format!(
            "{} rows written to {} {files}, {}",
            grouped(self.output_rows),
            self.output_files,
            HumanBytes(self.output_bytes)
        ));
        lines.join("\n")
    }
}

fn whole(x: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate for people"
    )]
    grouped(x as u64)
}

/// A number with its thousands apart.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_apart() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(n), text);
        }
    }
}
