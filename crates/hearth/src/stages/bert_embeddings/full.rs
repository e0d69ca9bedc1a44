//! The full mode: the model's own tokenizer over whole sentences, and every token gets what its pieces give.

use std::ops::Range;

use hearth_text::piece::{ModelTokenizer, Piece};

use super::alignment::Alignment;
use super::pooled::give_all;
use super::{Embedder, Input, Pieces};
use crate::annotation::Span;
use crate::counts::Counts;
use crate::stage::{Plan, PlanItem, Sequences};
use crate::{Error, Result};

/// Cuts the sentences of a batch into pieces and says which of them are whose. The plan has an item for each token, in
/// the tokens' order; one without a piece, past the limit or in no sentence has no rows.
pub(super) fn cut(
    stage: &Embedder,
    tokenizer: &ModelTokenizer,
    wanted: Pieces,
    input: &Input<'_>,
    out: &mut Sequences,
    seen: &Counts,
) -> Result<Plan> {
    let mut cutter = Cutter {
        stage,
        tokenizer,
        wanted,
        input,
        pieces: Vec::new(),
        places: Places::default(),
    };
    let mut plan = Plan {
        offsets: vec![0],
        ..Plan::default()
    };
    for row in 0..input.sentences.rows() {
        plan.cut.push(0);
        cutter.row(row, out, &mut plan, seen)?;
        plan.offsets.push(plan.items.len());
    }
    Ok(plan)
}

struct Cutter<'a> {
    stage: &'a Embedder,
    tokenizer: &'a ModelTokenizer,
    wanted: Pieces,
    input: &'a Input<'a>,
    pieces: Vec<Piece>,
    places: Places,
}

impl Cutter<'_> {
    fn row(
        &mut self,
        row: usize,
        out: &mut Sequences,
        plan: &mut Plan,
        seen: &Counts,
    ) -> Result<()> {
        let members = members(self.input, row);
        let first = plan.items.len();
        let tokens = self.input.tokens.row(row);
        plan.items.extend(tokens.map(|source| PlanItem {
            source,
            sentence: self.input.tokens.span(source).sentence,
            piece_id: -1,
            sequence: 0,
            row: 0,
            rows: 0,
        }));
        let items = &mut plan.items[first..];
        let (mut homeless, mut cut) = (items.len(), 0);
        for (number, (sentence, members)) in (0..).zip(self.input.sentences.row(row).zip(members)) {
            homeless -= members.len();
            for &member in &members {
                items[member].sentence = number;
            }
            if !members.is_empty() {
                cut += self.sentence(row, number, sentence, &members, items, out, seen)?;
            }
        }
        seen.tokens_without_word.add(homeless);
        seen.tokens_cut.add(cut);
        plan.add_cut(cut);
        Ok(())
    }

    /// Adds the sequence of a sentence and puts the pieces of its tokens, the `members` of `items`, into their items. Gives
    /// the number of tokens past the limit.
    #[expect(
        clippy::too_many_arguments,
        reason = "one call; they are the parts of two values"
    )]
    fn sentence(
        &mut self,
        row: usize,
        number: i32,
        sentence: usize,
        members: &[usize],
        items: &mut [PlanItem],
        out: &mut Sequences,
        seen: &Counts,
    ) -> Result<usize> {
        let (tokens, sentences) = (&self.input.tokens, &self.input.sentences);
        let text = sentences.result(sentence);
        let cut = self.tokenizer.pieces(text, &mut self.pieces);
        cut.map_err(|error| Error::Row {
            row: row as u64,
            stage: self.stage.stage.clone(),
            message: error.to_string(),
        })?;
        let (before, after) = (self.tokenizer.before(), self.tokenizer.after());
        let body = self.stage.limit.saturating_sub(before.len() + after.len());

        let growing = is_growing(&self.pieces);
        self.places.clear();
        let (mut positions, mut n_cut) = (Vec::new(), 0);
        for &member in members {
            let item = &mut items[member];
            let (span, result) = (tokens.span(item.source), tokens.result(item.source));
            let place = self
                .places
                .find(text, sentences.span(sentence), span, result);
            let start = positions.len();
            positions.extend(overlapping(&self.pieces, growing, &place));
            let Some(&first) = positions.get(start) else {
                seen.tokens_without_word.add(1);
                continue;
            };
            item.piece_id = i32::try_from(self.pieces[first].id).unwrap_or(i32::MAX);
            if self.wanted == Pieces::First {
                positions.truncate(start + 1);
            }
            // A mean of some of the pieces would be another vector than what was asked for.
            if positions.last().is_some_and(|&last| last >= body) {
                positions.truncate(start);
                n_cut += 1;
                continue;
            }
            item.sequence = out.len();
            item.row = start;
            item.rows = positions.len() - start;
            seen.vectors.add(1);
        }
        seen.pieces.add(self.pieces.len());
        self.stage
            .overflow(row, number, self.pieces.len(), body, seen)?;
        if positions.is_empty() {
            return Ok(n_cut);
        }
        let kept = self.pieces.len().min(body);
        let whole = self.stage.form.positions(before.len() + kept + after.len());
        if let Some(positions) = &whole {
            give_all(items, members.iter().copied(), positions.len());
        }
        let kept = self.pieces[..kept].iter().map(|piece| piece.id);
        let ids = before.iter().copied().chain(kept);
        let ids = ids.chain(after.iter().copied());
        #[expect(clippy::cast_possible_truncation, reason = "at most the limit of 512")]
        let own = positions
            .into_iter()
            .map(|position| (before.len() + position) as u32);
        match whole {
            Some(whole) => out.push(ids, whole),
            None => out.push(ids, own),
        };
        Ok(n_cut)
    }
}

/// For each sentence of a row the tokens in it, numbered from the row's first. A token that lies in several by its
/// offsets, which Spark's quirks make possible, belongs to the one it says it is of, else to the first.
fn members(input: &Input<'_>, row: usize) -> Vec<Vec<usize>> {
    let (tokens, sentences) = (&input.tokens, &input.sentences);
    let documents = tokens.has_documents() && sentences.has_documents();
    let first = tokens.row(row).start;
    let mut homes: Vec<Option<(usize, bool)>> = vec![None; tokens.row(row).len()];
    let alignment = Alignment::of(tokens, row);
    let mut inside = Vec::new();
    for (home, sentence) in sentences.row(row).enumerate() {
        let span = sentences.span(sentence);
        alignment.inside(span.begin, span.end, &mut inside);
        for &token in &inside {
            let other = tokens.span(token);
            if documents && other.document != span.document {
                continue;
            }
            let says_so = other.sentence == span.sentence;
            let found = &mut homes[token - first];
            if found.is_none_or(|(_, said)| says_so && !said) {
                *found = Some((home, says_so));
            }
        }
    }
    let mut members = vec![Vec::new(); sentences.row(row).len()];
    for (token, home) in homes.into_iter().enumerate() {
        if let Some((home, _)) = home {
            members[home].push(token);
        }
    }
    members
}

fn is_growing(pieces: &[Piece]) -> bool {
    pieces.is_sorted_by(|a, b| a.bytes.start <= b.bytes.start && a.bytes.end <= b.bytes.end)
}

/// Positions of the pieces that share at least one byte with `place`.
fn overlapping(
    pieces: &[Piece],
    growing: bool,
    place: &Range<usize>,
) -> impl Iterator<Item = usize> {
    let candidates = if growing {
        pieces.partition_point(|piece| piece.bytes.end <= place.start)
            ..pieces.partition_point(|piece| piece.bytes.start < place.end)
    } else {
        0..pieces.len()
    };
    candidates.filter(|&position| {
        let piece = &pieces[position].bytes;
        piece.start.max(place.start) < piece.end.min(place.end)
    })
}

/// Finds the bytes of a sentence that tokens stand on.
#[derive(Default)]
struct Places {
    /// For each UTF-16 unit of the sentence the bytes of its character; made when it is needed.
    units: Vec<Range<usize>>,
}

impl Places {
    /// Before another sentence.
    fn clear(&mut self) {
        self.units.clear();
    }

    /// Where `at` says, if the token's text stands there; else by Spark's offsets, as for tokens whose text a Normalizer
    /// changed. An empty range where there is nothing.
    fn find(&mut self, text: &str, sentence: Span, token: Span, result: &str) -> Range<usize> {
        if let (Ok(start), Ok(end)) = (usize::try_from(sentence.at), usize::try_from(token.at))
            && let Some(at) = end.checked_sub(start)
            && sentence.document == token.document
            && text.get(at..at + result.len()) == Some(result)
        {
            return at..at + result.len();
        }
        if self.units.is_empty() {
            for (at, c) in text.char_indices() {
                let bytes = at..at + c.len_utf8();
                self.units.extend(std::iter::repeat_n(bytes, c.len_utf16()));
            }
        }
        let unit = |offset: i32| {
            let unit = i64::from(offset) - i64::from(sentence.begin);
            usize::try_from(unit).unwrap_or(0).min(self.units.len())
        };
        match self.units.get(unit(token.begin)..unit(token.end)) {
            Some([first, .., last]) => first.start..last.end,
            Some([only]) => only.clone(),
            _ => 0..0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(places: &[(usize, usize)]) -> Vec<Piece> {
        let piece = |&(start, end): &(usize, usize)| Piece {
            id: 0,
            bytes: start..end,
        };
        places.iter().map(piece).collect()
    }

    #[test]
    fn a_piece_is_of_every_token_it_shares_a_byte_with() {
        type Case<'a> = (&'a [(usize, usize)], Range<usize>, &'a [usize]);
        let cases: [Case<'_>; 6] = [
            (&[(0, 3), (3, 6), (7, 9)], 0..6, &[0, 1]),
            (&[(0, 3), (3, 6), (7, 9)], 2..4, &[0, 1]),
            (&[(0, 3), (3, 6), (7, 9)], 6..7, &[]),
            (&[(0, 3), (3, 3), (3, 6)], 3..4, &[2]),
            (&[(0, 3), (3, 6)], 4..4, &[]),
            (&[(4, 6), (0, 3), (3, 9)], 2..5, &[0, 1, 2]),
        ];
        for (places, token, expected) in cases {
            let pieces = pieces(places);
            let found: Vec<usize> = overlapping(&pieces, is_growing(&pieces), &token).collect();
            assert_eq!(found, expected, "{places:?} {token:?}");
        }
    }

    #[test]
    fn a_token_stands_where_its_text_does_or_where_its_offsets_say() {
        let span = |begin, end, at| Span {
            begin,
            end,
            at,
            sentence: 0,
            document: 0,
        };
        let text = "é😀 x.y";
        let sentence = span(10, 17, 20);
        let cases = [
            // Its bytes count where its text stands there, whatever the offsets say.
            (span(10, 11, 27), "x", 7..8),
            // A text that stands nowhere: the offsets count, whole characters.
            (span(14, 17, -1), "xy", 7..10),
            (span(14, 17, 27), "xy", 7..10),
            (span(12, 13, -1), "?", 2..6),
            (span(10, 11, -1), "e", 0..2),
            (span(16, 99, -1), "Y", 9..10),
            (span(9, 10, -1), "z", 0..0),
            (span(12, 11, -1), "z", 0..0),
        ];
        let mut places = Places::default();
        for (token, result, expected) in cases {
            assert_eq!(
                places.find(text, sentence, token, result),
                expected,
                "{token:?}"
            );
        }
    }
}
