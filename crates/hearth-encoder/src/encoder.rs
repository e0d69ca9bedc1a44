//! The model: one source for every backend.

use burn_backend::Backend;
use burn_tensor::{Int, Tensor, TensorData};
use rayon::prelude::*;

use crate::stock::tensor;
use crate::{
    Activation, Config, Encode, EncoderOps, Error, Linear, Pack, Part, Result, Role, Weights,
};

/// Tables that turn ids into vectors.
#[derive(Debug, Clone)]
pub struct Embeddings<B: Backend> {
    /// Word embeddings, `[vocab_size, hidden_size]`.
    pub words: Tensor<B, 2>,
    /// Position embeddings with the embedding of token type 0 added, `[max_position_embeddings, hidden_size]`.
    pub positions: Tensor<B, 2>,
    /// The LayerNorm after them.
    pub norm: Norm<B>,
}

/// LayerNorm's weights.
#[derive(Debug, Clone)]
pub struct Norm<B: Backend> {
    /// Scale, `[hidden_size]`.
    pub gamma: Tensor<B, 1>,
    /// Shift, `[hidden_size]`.
    pub beta: Tensor<B, 1>,
    /// Added to the variance.
    pub eps: f64,
}

/// A BERT encoder on backend `B`.
#[derive(Debug)]
pub struct Encoder<B: EncoderOps> {
    context: B::Context,
    config: Config,
    embeddings: Embeddings<B>,
    layers: Vec<Layer<B>>,
}

#[derive(Debug)]
struct Layer<B: EncoderOps> {
    query_key_value: B::Linear,
    attention_output: B::Linear,
    attention_norm: Norm<B>,
    intermediate: B::Linear,
    output: B::Linear,
    output_norm: Norm<B>,
}

impl<B: EncoderOps> Encoder<B> {
    /// Loads the weights, several layers at once on the thread pool it is called in.
    ///
    /// # Errors
    /// [`Error::Config`], [`Error::Weights`] naming the tensor.
    pub fn load(config: &Config, weights: &dyn Weights, context: B::Context) -> Result<Self> {
        config.check()?;
        let from = Loader {
            config,
            weights,
            context: &context,
            device: B::device(&context),
        };
        let hidden = config.hidden_size;
        let words = from.get(
            "embeddings.word_embeddings.weight",
            &[config.vocab_size, hidden],
        )?;
        let types = from.get(
            "embeddings.token_type_embeddings.weight",
            &[config.type_vocab_size, hidden],
        )?;
        let mut positions = from.get(
            "embeddings.position_embeddings.weight",
            &[config.max_position_embeddings, hidden],
        )?;
        for row in positions.chunks_exact_mut(hidden) {
            for (position, kind) in row.iter_mut().zip(types.iter()) {
                *position += kind;
            }
        }
        let embeddings = Embeddings {
            words: tensor(&from.device, words, [config.vocab_size, hidden]),
            positions: tensor(
                &from.device,
                positions,
                [config.max_position_embeddings, hidden],
            ),
            norm: from.norm("embeddings.LayerNorm")?,
        };
        let layers = (0..config.num_hidden_layers)
            .into_par_iter()
            .map(|n| from.layer(n))
            .collect::<Result<_>>()?;
        Ok(Encoder {
            config: config.clone(),
            embeddings,
            layers,
            context,
        })
    }

    /// The hidden states of the last layer at the positions `select`, `[select.len(), hidden_size]`. What no other
    /// position needs any more is computed for these alone in the last layer.
    fn forward(&self, pack: &Pack, select: &[u32]) -> Tensor<B, 2> {
        let (cx, workers) = (&self.context, pack.workers());
        let positions = TensorData::new(
            select.iter().map(|&p| i64::from(p)).collect(),
            [select.len()],
        );
        let positions = Tensor::<B, 1, Int>::from_data(positions, &B::device(cx));
        let mut x = B::embed(cx, &self.embeddings, pack);
        if self.layers.is_empty() {
            return x.select(0, positions);
        }
        for (n, layer) in self.layers.iter().enumerate() {
            let qkv = layer
                .query_key_value
                .forward(cx, x.clone(), Activation::Identity, workers);
            let mut attended = B::packed_attention(cx, qkv, pack, self.config.num_attention_heads);
            if n + 1 == self.layers.len() {
                attended = attended.select(0, positions.clone());
                x = x.select(0, positions.clone());
            }
            let attended =
                layer
                    .attention_output
                    .forward(cx, attended, Activation::Identity, workers);
            x = B::add_norm(cx, attended, x, &layer.attention_norm);
            let up = layer
                .intermediate
                .forward(cx, x.clone(), self.config.hidden_act, workers);
            let down = layer.output.forward(cx, up, Activation::Identity, workers);
            x = B::add_norm(cx, down, x, &layer.output_norm);
        }
        x
    }

    fn check(&self, pack: &Pack, select: &[u32], out: &[f32]) -> Result<()> {
        let rows = self.config.vocab_size;
        if let Some(&id) = pack.ids().iter().find(|&&id| id as usize >= rows) {
            return Err(Error::Id { id, rows });
        }
        let positions = self.config.max_position_embeddings;
        let lengths = pack.cu_seqlens().windows(2).map(|w| (w[1] - w[0]) as usize);
        if let Some(length) = lengths.max().filter(|&length| length > positions) {
            return Err(Error::Length { length, positions });
        }
        let n_pieces = pack.n_pieces();
        let last = select.iter().copied().max().unwrap_or(0) as usize;
        if (last >= n_pieces && !select.is_empty())
            || out.len() != select.len() * self.config.hidden_size
        {
            return Err(Error::Select {
                position: last,
                n_pieces,
            });
        }
        Ok(())
    }
}

impl<B: EncoderOps> Encode for Encoder<B>
where
    Self: Send + Sync,
{
    fn dimension(&self) -> usize {
        self.config.hidden_size
    }

    fn encode(&self, pack: &Pack, select: &[u32], out: &mut [f32]) -> Result<()> {
        self.check(pack, select, out)?;
        if select.is_empty() {
            return Ok(());
        }
        let values = self.forward(pack, select).into_data();
        match values.as_slice::<f32>() {
            Ok(values) => out.copy_from_slice(values),
            // A backend of other floats.
            Err(_) => {
                for (out, value) in out.iter_mut().zip(values.iter::<f32>()) {
                    *out = value;
                }
            }
        }
        Ok(())
    }
}

/// Makes the parts of an encoder from named tensors.
struct Loader<'a, B: EncoderOps> {
    config: &'a Config,
    weights: &'a dyn Weights,
    context: &'a B::Context,
    device: B::Device,
}

impl<B: EncoderOps> Loader<'_, B> {
    fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        self.weights
            .get(name, shape)
            .map_err(|source| Error::Weights {
                name: name.to_owned(),
                source,
            })
    }

    fn norm(&self, name: &str) -> Result<Norm<B>> {
        let hidden = self.config.hidden_size;
        let vector = |part: &str| {
            Ok(tensor(
                &self.device,
                self.get(&format!("{name}.{part}"), &[hidden])?,
                [hidden],
            ))
        };
        Ok(Norm {
            gamma: vector("weight")?,
            beta: vector("bias")?,
            eps: self.config.layer_norm_eps,
        })
    }

    /// One layer of those named, which read the same `inputs` values and give `outputs` each.
    fn linear(
        &self,
        role: Role,
        names: &[String],
        outputs: usize,
        inputs: usize,
    ) -> Result<B::Linear> {
        let read = |name: &String| {
            let weight = self.get(&format!("{name}.weight"), &[outputs, inputs])?;
            Ok((weight, self.get(&format!("{name}.bias"), &[outputs])?))
        };
        let parts: Vec<_> = names.iter().map(read).collect::<Result<_>>()?;
        let parts: Vec<_> = parts
            .iter()
            .map(|(weight, bias)| Part { weight, bias })
            .collect();
        Ok(B::Linear::new(self.context, role, &parts))
    }

    fn layer(&self, n: usize) -> Result<Layer<B>> {
        let (hidden, intermediate) = (self.config.hidden_size, self.config.intermediate_size);
        let at = format!("encoder.layer.{n}");
        let qkv = ["query", "key", "value"].map(|part| format!("{at}.attention.self.{part}"));
        Ok(Layer {
            query_key_value: self.linear(Role::QueryKeyValue, &qkv, hidden, hidden)?,
            attention_output: self.linear(
                Role::AttentionOutput,
                &[format!("{at}.attention.output.dense")],
                hidden,
                hidden,
            )?,
            attention_norm: self.norm(&format!("{at}.attention.output.LayerNorm"))?,
            intermediate: self.linear(
                Role::Intermediate,
                &[format!("{at}.intermediate.dense")],
                intermediate,
                hidden,
            )?,
            output: self.linear(
                Role::Output,
                &[format!("{at}.output.dense")],
                hidden,
                intermediate,
            )?,
            output_norm: self.norm(&format!("{at}.output.LayerNorm"))?,
        })
    }
}
