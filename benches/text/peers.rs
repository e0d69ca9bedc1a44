//! What others do.

use std::hint::black_box;

use anyhow::{Result, anyhow};
use hearth_text::piece::{first_word, lower_case};
use icu_segmenter::options::{SentenceBreakInvariantOptions, WordBreakInvariantOptions};
use icu_segmenter::{
    SentenceSegmenter, SentenceSegmenterBorrowed, WordSegmenter, WordSegmenterBorrowed,
};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{
    Model, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, Tokenizer,
};
use unicode_segmentation::UnicodeSegmentation;

use crate::case::{Case, Task};
use crate::corpus::Corpus;
use crate::ours::vocabulary;

/// The cases of a corpus; those about pieces take the smaller one, whose tokens these are.
pub(crate) fn cases<'c>(
    corpus: &'c Corpus,
    smaller: &'c Corpus,
    tokens: &'c [String],
) -> Result<Vec<Case<'c>>> {
    let case = Case::new;
    let icu_sentences = SentenceSegmenter::new(SentenceBreakInvariantOptions::default());
    let icu_words = WordSegmenter::new_auto(WordBreakInvariantOptions::default());
    let neo_sentences = SentenceSegmenter::new_neo(SentenceBreakInvariantOptions::default());
    let neo_words =
        WordSegmenter::new_neo_for_non_complex_scripts(WordBreakInvariantOptions::default());
    Ok(vec![
        case(
            Task::Sentences,
            "icu_segmenter",
            corpus,
            of_icu_sentences(corpus, icu_sentences),
        ),
        case(
            Task::Sentences,
            "icu_segmenter, neo",
            corpus,
            of_icu_sentences(corpus, neo_sentences),
        ),
        case(
            Task::Sentences,
            "unicode-segmentation",
            corpus,
            each(corpus, |document| {
                sum(document.split_sentence_bound_indices().map(|(at, _)| at))
            }),
        ),
        case(
            Task::Tokens,
            "icu_segmenter",
            corpus,
            of_icu_words(corpus, icu_words),
        ),
        case(
            Task::Tokens,
            "icu_segmenter, neo",
            corpus,
            of_icu_words(corpus, neo_words),
        ),
        case(
            Task::Tokens,
            "unicode-segmentation",
            corpus,
            each(corpus, |document| {
                sum(document.unicode_word_indices().map(|(at, _)| at))
            }),
        ),
        case(
            Task::Tokens,
            "tokenizers, BertPreTokenizer",
            smaller,
            pre_tokens(smaller),
        ),
        case(
            Task::Pieces,
            "tokenizers, WordPiece",
            smaller,
            pieces(tokens)?,
        ),
        case(
            Task::DocumentPieces,
            "tokenizers",
            smaller,
            document_pieces(smaller)?,
        ),
    ])
}

type Run<'c> = Box<dyn FnMut() -> Result<usize> + 'c>;

fn each<'c>(corpus: &'c Corpus, count: impl Fn(&str) -> usize + 'c) -> Run<'c> {
    Box::new(move || {
        Ok(corpus
            .documents
            .iter()
            .map(|document| count(document))
            .sum())
    })
}

/// How many positions there are; each is looked at.
fn sum(positions: impl Iterator<Item = usize>) -> usize {
    let (count, sum) = positions.fold((0, 0_usize), |(count, sum), at| {
        (count + 1, sum.wrapping_add(at))
    });
    black_box(sum);
    count
}

fn of_icu_sentences<'c>(
    corpus: &'c Corpus,
    segmenter: SentenceSegmenterBorrowed<'static>,
) -> Run<'c> {
    // The first boundary is the start of the text.
    each(corpus, move |document| {
        sum(segmenter.segment_str(document)).saturating_sub(1)
    })
}

fn of_icu_words<'c>(corpus: &'c Corpus, segmenter: WordSegmenterBorrowed<'static>) -> Run<'c> {
    each(corpus, move |document| {
        let words = segmenter.segment_str(document).iter_with_word_type();
        sum(words
            .filter(|(_, kind)| kind.is_word_like())
            .map(|(at, _)| at))
    })
}

fn failed(error: tokenizers::Error) -> anyhow::Error {
    anyhow!(error)
}

fn pre_tokens(corpus: &Corpus) -> Run<'_> {
    Box::new(move || {
        let mut count = 0;
        for document in &corpus.documents {
            let mut text = PreTokenizedString::from(document.as_str());
            BertPreTokenizer.pre_tokenize(&mut text).map_err(failed)?;
            let splits = text.get_splits(OffsetReferential::Original, OffsetType::Byte);
            count += sum(splits.into_iter().map(|(_, (at, _), _)| at));
        }
        Ok(count)
    })
}

fn word_piece() -> Result<WordPiece> {
    let entries = WordPiece::read_bytes(vocabulary()?.join("\n").as_bytes()).map_err(failed)?;
    WordPiece::builder().vocab(entries).build().map_err(failed)
}

/// Words that are normal already.
fn pieces(tokens: &[String]) -> Result<Run<'_>> {
    let model = word_piece()?;
    let mut buffer = String::new();
    let words = tokens
        .iter()
        .filter_map(|token| first_word(&lower_case(token), true, &mut buffer).map(str::to_owned));
    let words: Vec<String> = words.collect();
    Ok(Box::new(move || {
        let mut count = 0;
        for word in &words {
            count += black_box(model.tokenize(word).map_err(failed)?).len();
        }
        Ok(count)
    }))
}

fn document_pieces(corpus: &Corpus) -> Result<Run<'_>> {
    let mut tokenizer = Tokenizer::new(word_piece()?);
    tokenizer
        .with_normalizer(Some(BertNormalizer::default()))
        .map_err(failed)?
        .with_pre_tokenizer(Some(BertPreTokenizer));
    Ok(Box::new(move || {
        let mut count = 0;
        for document in &corpus.documents {
            let encoding = tokenizer.encode_fast(document.as_str(), false);
            count += black_box(encoding.map_err(failed)?).len();
        }
        Ok(count)
    }))
}
