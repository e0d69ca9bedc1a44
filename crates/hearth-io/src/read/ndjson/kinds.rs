//! The kinds of values seen under each key, and where each was seen first.

use std::collections::HashMap;
use std::fmt;
use std::io::BufRead;
use std::path::PathBuf;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::fault;
use crate::read::lines::Lines;
use crate::read::{ReadOptions, utf8};
use crate::{Result, Source};

/// The most keys that one object column, or a row, may have: what bounds the memory of the first pass.
const MAX_KEYS: usize = 65_536;

/// Where a kind was seen first: the index of the file, and the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) line: u64,
}

/// The kinds of values at one place of the rows.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) boolean: Option<Place>,
    pub(super) integer: Option<Place>,
    pub(super) float: Option<Place>,
    pub(super) string: Option<Place>,
    pub(super) list: Option<(Place, Box<Seen>)>,
    pub(super) object: Option<(Place, Keys)>,
    pub(super) has_negative: bool,
    /// An integer above the range of `i64`.
    pub(super) has_large: bool,
    /// The strings, as far as they are all the same; recorded for `annotatorType` alone.
    pub(super) constant: Constant,
}

#[derive(Debug, Default, PartialEq)]
pub(super) enum Constant {
    #[default]
    Unseen,
    One(String),
    Several,
}

/// The keys of an object, in the order of their first appearance.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) entries: Vec<(String, Seen)>,
    index: HashMap<String, usize>,
}

impl Keys {
    pub(super) fn get(&self, key: &str) -> Option<&Seen> {
        self.index.get(key).map(|n| &self.entries[*n].1)
    }

    /// The index of `key`, which most often is `guess`: keys tend to come in one order.
    fn position(&mut self, key: &str, guess: usize) -> Option<usize> {
        if self.entries.get(guess).is_some_and(|(name, _)| name == key) {
            return Some(guess);
        }
        if let Some(n) = self.index.get(key) {
            return Some(*n);
        }
        let n = self.entries.len();
        if n == MAX_KEYS {
            return None;
        }
        self.entries.push((key.to_owned(), Seen::default()));
        self.index.insert(key.to_owned(), n);
        Some(n)
    }
}

/// The kinds of values in one or more files.
#[derive(Debug, Default)]
pub(in crate::read) struct Kinds {
    pub(super) files: Vec<PathBuf>,
    pub(super) rows: Keys,
}

impl Kinds {
    /// Adds the rows of a file.
    pub(super) fn look<R: BufRead>(
        &mut self,
        lines: &mut Lines<R>,
        source: &Source,
        options: &ReadOptions,
    ) -> Result<()> {
        let file = self.files.len();
        self.files.push(source.path.clone());
        let mut line = Vec::new();
        while lines.next(&mut line)?.is_some() {
            let number = lines.number();
            let text = utf8(&line, source, number, None)?;
            if !text.trim_ascii().is_empty() {
                let mut json = serde_json::Deserializer::from_str(text);
                let at = Place { file, line: number };
                let row = Row {
                    keys: &mut self.rows,
                    at,
                    map_columns: &options.map_columns,
                };
                row.deserialize(&mut json)
                    .and_then(|()| json.end())
                    .map_err(|e| fault(source, number, None, &e))?;
            }
            line.clear();
        }
        Ok(())
    }
}

/// Takes a whole line.
struct Row<'a> {
    keys: &'a mut Keys,
    at: Place,
    map_columns: &'a [String],
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object per line")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.keys.look(map, self.at, self.map_columns)
    }
}

impl Keys {
    /// Adds the entries of an object; those named in `maps` are taken to be maps if they are objects.
    fn look<'de, A: MapAccess<'de>>(
        &mut self,
        mut map: A,
        at: Place,
        maps: &[String],
    ) -> Result<(), A::Error> {
        let mut guess = 0;
        while let Some(n) = map.next_key_seed(Key { keys: self, guess })? {
            let (name, seen) = &mut self.entries[n];
            let is_map = maps.contains(name);
            let is_constant = name == "annotatorType";
            map.next_value_seed(Value {
                seen,
                at,
                is_map,
                is_constant,
            })?;
            guess = n + 1;
        }
        Ok(())
    }
}

struct Key<'a> {
    keys: &'a mut Keys,
    guess: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<usize, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<usize, E> {
        self.keys.position(key, self.guess).ok_or_else(|| {
            E::custom(format_args!(
                "more than {MAX_KEYS} different keys; if they are data, name the column as a map column"
            ))
        })
    }
}

/// Takes any value.
struct Value<'a> {
    seen: &'a mut Seen,
    at: Place,
    /// An object here is a map: its keys are data and are not recorded.
    is_map: bool,
    /// Strings are compared.
    is_constant: bool,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.seen.boolean.get_or_insert(self.at);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.seen.integer.get_or_insert(self.at);
        self.seen.has_negative |= value < 0;
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.seen.integer.get_or_insert(self.at);
        self.seen.has_large |= i64::try_from(value).is_err();
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.seen.float.get_or_insert(self.at);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.seen.string.get_or_insert(self.at);
        if self.is_constant {
            match &self.seen.constant {
                Constant::Unseen => self.seen.constant = Constant::One(value.to_owned()),
                Constant::One(one) if one != value => self.seen.constant = Constant::Several,
                Constant::One(_) | Constant::Several => {}
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let (_, seen) = self
            .seen
            .list
            .get_or_insert_with(|| (self.at, Box::default()));
        while list
            .next_element_seed(Value {
                seen,
                at: self.at,
                is_map: false,
                is_constant: false,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (_, keys) = self
            .seen
            .object
            .get_or_insert_with(|| (self.at, Keys::default()));
        if self.is_map {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        keys.look(map, self.at, &[])
    }
}
