//! What Hearth does.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use hearth::stages::{
    DocumentAssembler, SentenceDetector as SentenceStage, Tokenizer as TokenStage,
};
use hearth::{Pipeline, Session};
use hearth_text::cleanup::{CleanupMode, clean};
use hearth_text::piece::{Vocabulary, WordPiece, first_word, lower_case};
use hearth_text::sentence::{RuleSet, Scratch, SentenceDetector, SentenceRules};
use hearth_text::token::Tokenizer;

use crate::case::{Case, OURS, Run, Task};
use crate::corpus::Corpus;

/// Entries of the tiny uncased model.
pub(crate) fn vocabulary() -> Result<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/models/tiny_uncased/vocab.txt");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The tokens of a corpus.
pub(crate) fn tokens(corpus: &Corpus) -> Result<Vec<String>> {
    let mut tokens = Vec::new();
    for document in &corpus.documents {
        each_token(document, &mut Scratch::default(), |token| {
            tokens.push(token.text.to_owned());
        })?;
    }
    Ok(tokens)
}

/// The cases of a corpus; those about pieces take the smaller one, whose tokens these are.
pub(crate) fn cases<'c>(
    corpus: &'c Corpus,
    smaller: &'c Corpus,
    tokens: &'c [String],
) -> Result<Vec<Case<'c>>> {
    let improved = SentenceDetector::new(SentenceRules {
        rule_set: RuleSet::Improved,
        ..SentenceRules::default()
    })?;
    let bounded = SentenceDetector::new(SentenceRules {
        custom_bounds: vec![r"\n".to_owned(), r"\s+\(".to_owned()],
        ..SentenceRules::default()
    })?;
    let pieces = WordPiece::new(Arc::new(Vocabulary::new(vocabulary()?)?))?;
    let all_pieces = pieces.clone();
    let case = Case::new;
    Ok(vec![
        case(
            Task::Cleanup,
            OURS,
            corpus,
            Box::new(|| {
                let cleaned = corpus.documents.iter();
                Ok(cleaned.map(|d| clean(CleanupMode::Shrink, d).len()).sum())
            }),
        ),
        case(
            Task::Sentences,
            OURS,
            corpus,
            sentences(corpus, SentenceDetector::default()),
        ),
        case(
            Task::Sentences,
            "hearth, improved rules",
            corpus,
            sentences(corpus, improved),
        ),
        case(
            Task::Sentences,
            "hearth, two custom bounds",
            corpus,
            sentences(corpus, bounded),
        ),
        case(Task::Tokens, OURS, corpus, tokens_of_sentences(corpus)),
        case(
            Task::Tokens,
            "hearth, sentences not looked for",
            corpus,
            tokens_of_documents(corpus),
        ),
        case(Task::Columns, OURS, corpus, columns(corpus)?),
        case(
            Task::Pieces,
            OURS,
            smaller,
            Box::new(move || {
                let (mut ids, mut buffer) = (Vec::new(), String::new());
                for token in tokens {
                    push_pieces(token, &pieces, &mut buffer, &mut ids);
                }
                Ok(black_box(ids).len())
            }),
        ),
        case(
            Task::DocumentPieces,
            OURS,
            smaller,
            Box::new(move || {
                let (mut ids, mut buffer) = (Vec::new(), String::new());
                let mut scratch = Scratch::default();
                for document in &smaller.documents {
                    each_token(document, &mut scratch, |token| {
                        push_pieces(token.text, &all_pieces, &mut buffer, &mut ids);
                    })?;
                }
                Ok(black_box(ids).len())
            }),
        ),
    ])
}

/// Gives every token of every sentence; its numbers count in the sentence.
fn each_token(
    document: &str,
    scratch: &mut Scratch,
    mut emit: impl FnMut(hearth_text::token::Token<'_>),
) -> Result<()> {
    let tokenizer = Tokenizer::default();
    let mut result = Ok(0);
    SentenceDetector::default().detect(document, scratch, |sentence| {
        let tokenized = tokenizer.tokenize(sentence.text, &mut emit);
        if tokenized.is_err() {
            result = tokenized;
        }
    })?;
    result?;
    Ok(())
}

fn sentences(corpus: &Corpus, detector: SentenceDetector) -> Run<'_> {
    let mut scratch = Scratch::default();
    Box::new(move || {
        let (mut count, mut sum) = (0, 0_i32);
        for document in &corpus.documents {
            detector.detect(document, &mut scratch, |sentence| {
                count += 1;
                sum = sum.wrapping_add(sentence.begin ^ sentence.end);
            })?;
        }
        black_box(sum);
        Ok(count)
    })
}

fn tokens_of_sentences(corpus: &Corpus) -> Run<'_> {
    let mut scratch = Scratch::default();
    Box::new(move || {
        let (mut count, mut sum) = (0, 0_i32);
        for document in &corpus.documents {
            each_token(document, &mut scratch, |token| {
                count += 1;
                sum = sum.wrapping_add(token.begin ^ token.end);
            })?;
        }
        black_box(sum);
        Ok(count)
    })
}

fn tokens_of_documents(corpus: &Corpus) -> Run<'_> {
    let tokenizer = Tokenizer::default();
    Box::new(move || {
        let (mut count, mut sum) = (0, 0_i32);
        for document in &corpus.documents {
            tokenizer.tokenize(document, |token| {
                count += 1;
                sum = sum.wrapping_add(token.begin ^ token.end);
            })?;
        }
        black_box(sum);
        Ok(count)
    })
}

/// What the encoder's stage does to a token of an uncased model.
fn push_pieces(token: &str, pieces: &WordPiece, buffer: &mut String, ids: &mut Vec<u32>) {
    if let Some(word) = first_word(&lower_case(token), true, buffer) {
        pieces.pieces(word, ids);
    }
}

/// The three text stages of a pipeline with one worker.
fn columns(corpus: &Corpus) -> Result<Run<'_>> {
    let column = |name: &str| Some(vec![name.to_owned()]);
    let pipeline = Pipeline::new()
        .then(DocumentAssembler {
            input_col: Some("text".to_owned()),
            ..DocumentAssembler::default()
        })
        .then(SentenceStage {
            input_cols: column("document"),
            output_col: Some("sentence".to_owned()),
            ..SentenceStage::default()
        })
        .then(TokenStage {
            input_cols: vec!["sentence".to_owned()],
            ..TokenStage::default()
        });
    let text: ArrayRef = Arc::new(StringArray::from_iter_values(&corpus.documents));
    let batch = RecordBatch::try_from_iter([("text", text)])?;
    let model = Session::builder().jobs(1).build()?.load(&pipeline)?;
    let bound = model.bind(batch.schema_ref())?;
    Ok(Box::new(move || {
        let mut run = bound.start();
        run.push(batch.clone())?;
        run.finish();
        let mut count = 0;
        while let Some(part) = run.pull()? {
            let tokens = part.batch.column_by_name("token").context("no tokens")?;
            count += tokens.as_list::<i32>().values().len();
        }
        Ok(count)
    }))
}
