//! The weights among the objects of a pickle.

use std::rc::Rc;

use super::pickle::{Object, Pickle, Value, View};
use crate::weights::Layout;

/// Where training scripts put a model's weights beside what else they save.
const NESTED: [&str; 3] = ["state_dict", "model_state_dict", "model"];
/// What wrapping a model for training puts before every name.
const WRAPPED: &str = "module.";

/// The tensors of a pickled dict of them, by name; `None` where it is none.
pub(super) fn tensors(pickle: &Pickle) -> Option<Vec<(String, Rc<View>)>> {
    let whole = dict(pickle, &pickle.value)?;
    let nested = NESTED.iter().find_map(|&key| {
        let (_, value) = whole.iter().find(|(name, _)| is(name, key))?;
        dict(pickle, value)
    });
    let tensors = nested
        .unwrap_or(whole)
        .iter()
        .filter_map(|(name, value)| match (name, value) {
            (Value::Text(name), Value::Object(at)) => match pickle.objects.get(*at)? {
                Object::Tensor(view) => {
                    let name = name.strip_prefix(WRAPPED).unwrap_or(name);
                    Some((name.to_owned(), view.clone()))
                }
                _ => None,
            },
            _ => None,
        });
    Some(tensors.collect())
}

/// Whether a dict says that numbers of several bytes have the highest first.
pub(super) fn is_big_endian(pickle: &Pickle) -> bool {
    let facts = dict(pickle, &pickle.value).unwrap_or_default();
    facts
        .iter()
        .any(|(name, value)| is(name, "little_endian") && matches!(value, Value::Bool(false)))
}

/// The texts of a list.
pub(super) fn texts(pickle: &Pickle) -> Option<Vec<Rc<str>>> {
    let Value::Object(at) = pickle.value else {
        return None;
    };
    let Object::List(items) = pickle.objects.get(at)? else {
        return None;
    };
    let text = |item: &Value| match item {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    items.iter().map(text).collect()
}

fn dict<'p>(pickle: &'p Pickle, value: &Value) -> Option<&'p [(Value, Value)]> {
    match value {
        Value::Object(at) => match pickle.objects.get(*at)? {
            Object::Dict(items) => Some(items),
            _ => None,
        },
        _ => None,
    }
}

fn is(name: &Value, key: &str) -> bool {
    matches!(name, Value::Text(name) if **name == *key)
}

impl View {
    /// Shape and layout of its bytes, where they follow one another row by row, or a matrix's column by column; its number
    /// of elements.
    pub(super) fn lie(&self) -> Option<(Vec<usize>, Layout, u64)> {
        let mut elements = 1_u64;
        let mut rows_first = true;
        for (&size, &stride) in self.shape.iter().zip(&self.strides).rev() {
            rows_first &= size <= 1 || stride == elements;
            elements = elements.checked_mul(size as u64)?;
        }
        if rows_first || elements == 0 {
            return Some((self.shape.clone(), Layout::AsStored, elements));
        }
        match (&self.shape[..], &self.strides[..]) {
            (&[rows, columns], &[1, stride]) if stride == rows as u64 => {
                Some((vec![columns, rows], Layout::Transposed, elements))
            }
            _ => None,
        }
    }
}
