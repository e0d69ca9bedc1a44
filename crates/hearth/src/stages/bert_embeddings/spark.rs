//! Spark NLP's rules: the vector of a token is that of the first piece of its first basic word.

use std::collections::HashMap;

use hearth_text::piece::{first_word, lower_case};

use super::alignment::Alignment;
use super::pooled::give_all;
use super::{Embedder, Input};
use crate::Result;
use crate::annotation::Annotations;
use crate::counts::Counts;
use crate::model::BertModel;
use crate::stage::{Plan, PlanItem, Sequences};

/// Cuts the sentences of a batch into the pieces of their tokens.
pub(super) fn cut(
    stage: &Embedder,
    model: &BertModel,
    input: &Input<'_>,
    out: &mut Sequences,
    seen: &Counts,
) -> Result<Plan> {
    let mut cutter = Cutter {
        stage,
        model,
        tokens: input.tokens,
        word: String::new(),
        aligned: Vec::new(),
        firsts: None,
        pieces: Vec::new(),
    };
    let mut plan = Plan {
        offsets: vec![0],
        ..Plan::default()
    };
    for row in 0..input.sentences.rows() {
        plan.cut.push(0);
        let alignment = Alignment::of(&input.tokens, row);
        for (number, sentence) in (0..).zip(input.sentences.row(row)) {
            let span = input.sentences.span(sentence);
            alignment.inside(span.begin, span.end, &mut cutter.aligned);
            cutter.sentence(row, number, out, &mut plan, seen)?;
        }
        plan.offsets.push(plan.items.len());
    }
    seen.vectors.add(plan.items.len());
    Ok(plan)
}

/// Cuts one sentence after another into pieces.
struct Cutter<'a> {
    stage: &'a Embedder,
    model: &'a BertModel,
    tokens: Annotations<'a>,
    word: String,
    /// The sentence's tokens.
    aligned: Vec<usize>,
    /// Of tokens with one begin the first, where that is not the token itself.
    firsts: Option<HashMap<i32, usize>>,
    pieces: Vec<u32>,
}

impl Cutter<'_> {
    /// Adds the sequence of the sentence whose tokens stand in `aligned`. Spark NLP 5.5.3, `BertEmbeddings` and
    /// `ai/Bert`: a sentence without tokens is left out; the first `limit` pieces are kept and the first `limit - 2` of
    /// these encoded; the piece after them reads the position of `[SEP]`, later ones have no vector.
    fn sentence(
        &mut self,
        row: usize,
        sentence: i32,
        out: &mut Sequences,
        plan: &mut Plan,
        seen: &Counts,
    ) -> Result<()> {
        self.pieces.clear();
        if self.aligned.is_empty() {
            return Ok(());
        }
        self.find_firsts();
        let body = self.stage.limit.saturating_sub(2);
        let (sequence, first_item) = (out.len(), plan.items.len());
        let mut wanted = Vec::new();
        let (mut cut, mut at_sep) = (0, 0);
        for n in 0..self.aligned.len() {
            let start = self.pieces.len();
            if !self.look_up(self.aligned[n]) {
                seen.tokens_without_word.add(1);
                continue;
            }
            if start > body {
                cut += 1;
                continue;
            }
            at_sep += usize::from(start == body);
            plan.items.push(PlanItem {
                source: self.first_with_begin_of(n),
                sentence,
                piece_id: i32::try_from(self.pieces[start]).unwrap_or(i32::MAX),
                sequence,
                row: wanted.len(),
                rows: 1,
            });
            #[expect(clippy::cast_possible_truncation, reason = "at most the limit of 512")]
            wanted.push(start as u32 + 1);
        }
        seen.pieces.add(self.pieces.len());
        seen.tokens_cut.add(cut);
        plan.add_cut(cut);
        seen.tokens_at_sep.add(at_sep);
        self.stage
            .overflow(row, sentence, self.pieces.len(), body, seen)?;
        let kept = &self.pieces[..self.pieces.len().min(body)];
        let model = self.model;
        if let Some(positions) = self.stage.form.positions(kept.len() + 2) {
            let own = first_item..plan.items.len();
            give_all(&mut plan.items, own, positions.len());
            wanted = positions.collect();
        }
        out.push(
            [model.cls]
                .into_iter()
                .chain(kept.iter().copied())
                .chain([model.sep]),
            wanted,
        );
        Ok(())
    }

    /// Appends the pieces of a token's first basic word; false if it has none.
    fn look_up(&mut self, token: usize) -> bool {
        let text = self.tokens.result(token);
        if text.is_empty() || text == " " {
            return false;
        }
        let before = self.pieces.len();
        let lower = self.stage.lower;
        let lowered = if lower { lower_case(text) } else { text.into() };
        if let Some(word) = first_word(&lowered, lower, &mut self.word) {
            self.model.word_piece.pieces(word, &mut self.pieces);
        }
        self.pieces.len() > before
    }

    /// The first of the aligned tokens with the begin of token `n`: Spark looks a piece's token up by its begin, so that
    /// of two tokens with one begin the first is found twice.
    fn first_with_begin_of(&self, n: usize) -> usize {
        let token = self.aligned[n];
        match &self.firsts {
            Some(firsts) => firsts
                .get(&self.tokens.begins()[token])
                .copied()
                .unwrap_or(token),
            None => token,
        }
    }

    /// Notes the first token of each begin, unless all begins differ by growing.
    fn find_firsts(&mut self) {
        let begins = self.tokens.begins();
        self.firsts = None;
        if !self.aligned.is_sorted_by(|&a, &b| begins[a] < begins[b]) {
            let mut firsts = HashMap::new();
            for &token in &self.aligned {
                firsts.entry(begins[token]).or_insert(token);
            }
            self.firsts = Some(firsts);
        }
    }
}
