//! How fast this machine encodes, beside the most that it could, and what a precision costs.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hearth_encoder::{Activation, BoxError, Config, Encode, Operations, Precision, Weights};
use hearth_text::piece::{first_word, lower_case};
use hearth_text::token::Tokenizer;

use crate::model::encoder_config;
use crate::schedule;
use crate::stage::{Sequences, Vectors};
use crate::{Error, Result, Session};

/// English sentences of papers, notes and prose, one per line; 90 to 330 characters.
const SENTENCES: &str = include_str!("benchmark/sentences.txt");
/// What errors name.
const STAGE: &str = "benchmark";
/// How long a turn encodes at least: whole passes until then.
const TURN: Duration = Duration::from_secs(1);

/// A shape of BERT whose weights are made up, for machines without a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 6 layers of 384, as all-MiniLM-L6-v2.
    MiniLm,
    /// 12 layers of 768.
    Base,
    /// 24 layers of 1024.
    Large,
}

impl Size {
    fn config(self) -> Config {
        let (num_hidden_layers, hidden_size, num_attention_heads) = match self {
            Size::MiniLm => (6, 384, 12),
            Size::Base => (12, 768, 12),
            Size::Large => (24, 1024, 16),
        };
        Config {
            vocab_size: 30_522,
            hidden_size,
            num_hidden_layers,
            num_attention_heads,
            intermediate_size: 4 * hidden_size,
            max_position_embeddings: 512,
            type_vocab_size: 2,
            hidden_act: Activation::Gelu,
            layer_norm_eps: 1e-12,
        }
    }
}

/// Weights about as large as BERT's.
struct MadeUp;

impl Weights for MadeUp {
    fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, BoxError> {
        if name.ends_with("LayerNorm.weight") {
            return Ok(vec![1.0; shape.iter().product()]);
        }
        let mut state = name.bytes().fold(1_u32, |state, byte| {
            state.wrapping_mul(31).wrapping_add(u32::from(byte))
        });
        let mut next = || {
            // Marsaglia's xorshift.
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        let values = 0..shape.iter().product();
        Ok(values.map(|_| 0.07 * next()).collect())
    }
}

/// Encoders of one model, one per precision, and what they encode.
#[derive(Debug)]
pub struct Benchmark {
    session: Session,
    config: Config,
    encoders: Vec<(Precision, Arc<dyn Encode>)>,
    sequences: Sequences,
}

/// A turn of one precision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// What was encoded in how many seconds.
    pub seconds: f64,
    /// Word pieces, `[CLS]` and `[SEP]` not counted.
    pub tokens: usize,
    /// Operations a second, no padding among them.
    pub speed: f64,
    /// Speed over that of all workers at their peak, measured right after; `None` where that is not known, as of emulated
    /// instructions.
    pub share: Option<f64>,
}

/// How far the vectors of a precision are from those of f32.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deviation {
    /// Cosine of the mean vectors of a sentence: half of the sentences are above.
    pub median_cosine: f64,
    /// That of the worst sentence.
    pub worst_cosine: f64,
    /// The largest difference of one component of a token's vector.
    pub largest: f32,
}

impl Benchmark {
    /// A model with made-up weights.
    ///
    /// # Errors
    /// [`Error::Encoder`]
    pub fn of_size(session: &Session, size: Size, precisions: &[Precision]) -> Result<Self> {
        let config = size.config();
        let load = |&precision: &Precision| {
            let load = || hearth_encoder::cpu(&config, &MadeUp, session.kernels(), precision);
            match session.pool().install(load) {
                Ok(encoder) => Ok((precision, Arc::new(encoder) as Arc<dyn Encode>)),
                Err(source) => Err(Error::Encoder {
                    stage: STAGE.to_owned(),
                    source,
                }),
            }
        };
        let encoders = precisions.iter().map(load).collect::<Result<_>>()?;
        // About as many pieces as a vocabulary gives, each sentence with its own.
        let mut sequences = Sequences::default();
        for (n, sentence) in (0..).zip(SENTENCES.lines()) {
            let pieces = (0_u32..).zip(sentence.bytes().step_by(5));
            let ids = pieces.map(|(i, _)| 1_000 + (n * 157 + i * 41) % 29_000);
            push(&mut sequences, [101].into_iter().chain(ids).chain([102]));
        }
        Ok(Benchmark {
            session: session.clone(),
            config,
            encoders,
            sequences,
        })
    }

    /// The model at a path, over sentences that come with this crate.
    ///
    /// # Errors
    /// As [`Session::bert`].
    pub fn of_model(session: &Session, path: &Path, precisions: &[Precision]) -> Result<Self> {
        let mut benchmark = Self::opened(session, path, precisions)?;
        let model = session.bert(path, benchmark.encoders[0].0, STAGE)?;
        let lower = !model.about.settings.case_sensitive.unwrap_or(true);
        let mut buffer = String::new();
        for sentence in SENTENCES.lines() {
            let mut ids = vec![model.bert.cls];
            let tokenized = Tokenizer::default().tokenize(sentence, |token| {
                let lowered = lower_case(token.text);
                let word = if lower { &*lowered } else { token.text };
                if let Some(word) = first_word(word, lower, &mut buffer) {
                    model.bert.word_piece.pieces(word, &mut ids);
                }
            });
            tokenized.map_err(|error| Error::Parameter {
                place: STAGE.to_owned(),
                message: error.to_string(),
            })?;
            ids.truncate(benchmark.config.max_position_embeddings - 1);
            ids.push(model.bert.sep);
            push(&mut benchmark.sequences, ids);
        }
        Ok(benchmark)
    }

    /// The model at a path, over sequences of ids that the caller made, the first and last of each being `[CLS]` and
    /// `[SEP]`.
    ///
    /// # Errors
    /// As [`Session::bert`].
    pub fn of_sequences(
        session: &Session,
        path: &Path,
        precisions: &[Precision],
        sequences: impl IntoIterator<Item = Vec<u32>>,
    ) -> Result<Self> {
        let mut benchmark = Self::opened(session, path, precisions)?;
        for ids in sequences {
            push(&mut benchmark.sequences, ids);
        }
        Ok(benchmark)
    }

    /// Without sequences.
    fn opened(session: &Session, path: &Path, precisions: &[Precision]) -> Result<Self> {
        let open = |&precision: &Precision| {
            let opened = session.bert(path, precision, STAGE)?;
            Ok((precision, opened.bert))
        };
        let opened = precisions.iter().map(open).collect::<Result<Vec<_>>>()?;
        let Some((_, first)) = opened.first() else {
            return Err(Error::Parameter {
                place: STAGE.to_owned(),
                message: "no precision is named".to_owned(),
            });
        };
        Ok(Benchmark {
            session: session.clone(),
            config: encoder_config(&first.config),
            encoders: opened
                .iter()
                .map(|(precision, bert)| (*precision, bert.encoder().clone()))
                .collect(),
            sequences: Sequences::default(),
        })
    }

    /// The precisions, in the order given.
    pub fn precisions(&self) -> impl Iterator<Item = Precision> {
        self.encoders.iter().map(|(precision, _)| *precision)
    }

    /// How many sentences are encoded.
    #[must_use]
    pub fn sentences(&self) -> usize {
        self.sequences.len()
    }

    /// How many word pieces they have, `[CLS]` and `[SEP]` not counted.
    #[must_use]
    pub fn tokens(&self) -> usize {
        let lengths = (0..self.sequences.len()).map(|i| self.sequences.wanted(i).len());
        lengths.sum()
    }

    /// One turn of precision number `n`: whole passes over the sentences, after each of them the peak of all workers.
    ///
    /// # Errors
    /// [`Error::Encoder`]
    pub fn turn(&self, n: usize) -> Result<Turn> {
        let precision = self.encoders[n].0;
        let lengths = (0..self.sequences.len())
            .map(|i| (self.sequences.ids(i).len(), self.sequences.wanted(i).len()));
        let one = Operations::of(&self.config, precision, lengths);
        // Memory that was given back since the last turn is fetched again, untimed.
        self.pass(n)?;
        let mut turn = Turn {
            seconds: 0.0,
            tokens: 0,
            speed: 0.0,
            share: None,
        };
        let (mut operations, mut least) = (0.0, Some(0.0));
        while turn.seconds < TURN.as_secs_f64() {
            turn.seconds += self.pass(n)?.as_secs_f64();
            turn.tokens += self.tokens();
            operations += one.total();
            // Right after each pass, since the clock of a processor sinks under load.
            let peak = self.peak(precision);
            least = least.and_then(|least| Some(least + one.seconds_at(&peak)?));
        }
        turn.speed = operations / turn.seconds;
        turn.share = least.map(|least| least / turn.seconds);
        Ok(turn)
    }

    /// The peaks of all workers at once.
    fn peak(&self, precision: Precision) -> Operations {
        let kernels = self.session.kernels();
        let measure = |_: rayon::BroadcastContext<'_>| hearth_encoder::peak(kernels, precision);
        let peaks = self.session.pool().broadcast(measure);
        peaks.into_iter().fold(Operations::default(), |a, b| a + b)
    }

    /// How far precision number `n` is from precision number `reference`.
    ///
    /// # Errors
    /// [`Error::Encoder`]
    pub fn deviation(&self, n: usize, reference: usize) -> Result<Deviation> {
        let (vectors, expected) = (self.vectors(n)?, self.vectors(reference)?);
        let mut largest = 0.0_f32;
        let mut cosines = Vec::with_capacity(self.sequences.len());
        for i in 0..self.sequences.len() {
            let rows = self.sequences.wanted(i).len();
            let mut sums = [vec![0.0; vectors.dimension], vec![0.0; vectors.dimension]];
            for row in 0..rows {
                let (a, b) = (vectors.get(i, row), expected.get(i, row));
                for (j, (a, b)) in a.iter().zip(b).enumerate() {
                    largest = largest.max((a - b).abs());
                    sums[0][j] += f64::from(*a);
                    sums[1][j] += f64::from(*b);
                }
            }
            cosines.push(cosine(&sums[0], &sums[1]));
        }
        cosines.sort_unstable_by(f64::total_cmp);
        Ok(Deviation {
            median_cosine: cosines.get(cosines.len() / 2).copied().unwrap_or(1.0),
            worst_cosine: cosines.first().copied().unwrap_or(1.0),
            largest,
        })
    }

    /// Encodes all sequences once in precision number `n`, and says how long that took.
    ///
    /// # Errors
    /// [`Error::Encoder`]
    pub fn pass(&self, n: usize) -> Result<Duration> {
        let start = Instant::now();
        self.vectors(n)?;
        Ok(start.elapsed())
    }

    fn vectors(&self, n: usize) -> Result<Vectors> {
        let (encoder, run) = (&self.encoders[n].1, schedule::Shared::default());
        let encode = || schedule::encode(encoder, &self.sequences, &run);
        let encoded = self.session.pool().install(encode);
        encoded.map_err(|source| Error::Encoder {
            stage: STAGE.to_owned(),
            source,
        })
    }
}

/// Adds a sequence of which all vectors but those of its ends are wanted.
fn push(sequences: &mut Sequences, ids: impl IntoIterator<Item = u32>) {
    let ids: Vec<u32> = ids.into_iter().collect();
    let inner = (1..).zip(&ids).map(|(position, _)| position);
    let inner: Vec<u32> = inner.take(ids.len().saturating_sub(2)).collect();
    sequences.push(ids, inner);
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
