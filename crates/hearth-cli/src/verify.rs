//! `hearth models verify`: what a model makes of its card's text, against what the card shows.

use std::path::Path;

use hearth::{Annotation, Pipeline, Session};
use hearth_models::describe;
use hearth_models::names::{KNOWN, KnownModel, Sample, known};
use serde_json::{Value, json};

use crate::args::Verify;
use crate::failure::{Failure, usage};
use crate::locate::Locator;
use crate::log::Log;
use crate::models::{print, typed};
use crate::settings::Settings;

/// How far a component may be from the card's. The cards' vectors are sums in another order.
const TOLERANCE: f64 = 1e-4;
const DIFFERS: &str = "the card's numbers are not from this archive";

/// Runs the card's text through the four stages. It fails where a component is another one than the card's.
pub(crate) fn verify(asked: &Verify, settings: &Settings) -> Result<(), Failure> {
    let model = typed(&asked.model)?;
    let path = Locator::of(&settings.all)
        .locate(model, Path::new(""))?
        .path;
    let card = card(asked.name.as_deref(), model, &path)?;
    let Some(sample) = &card.sample else {
        let text = format!(
            "{}: its card shows no vectors, so there is nothing to compare\n",
            card.name
        );
        let value = json!({ "schema_version": 1, "name": card.name, "path": path, "text": null, "agrees": null, "components": [] });
        return print(settings, &text, &value);
    };
    let session = Session::builder().build()?;
    let pipeline = session.load(&Pipeline::embed("text", &path))?;
    for note in pipeline.notes() {
        Log::of(&settings.all).warn(note);
    }
    let annotations = pipeline.annotate(sample.text)?;
    let found = annotations.get("embeddings").map_or(&[][..], Vec::as_slice);
    let compared = compare(sample, found);

    let agrees = compared.iter().all(Compared::agrees);
    let mut text = format!("{}, {:?}, {}\n", card.name, sample.text, path.display());
    for component in &compared {
        text += &component.line();
    }
    let value = json!({
        "schema_version": 1,
        "name": card.name,
        "path": path,
        "text": sample.text,
        "agrees": agrees,
        "components": compared.iter().map(Compared::json).collect::<Vec<_>>(),
    });
    print(settings, &text, &value)?;
    if agrees {
        return Ok(());
    }
    let wrong = compared
        .iter()
        .filter(|component| !component.agrees())
        .count();
    Err(Failure::Failed(anyhow::anyhow!(
        "{wrong} of {} components differ: {DIFFERS}",
        compared.len()
    )))
}

/// The card that is meant: by `--name`, by the name typed, or by the name that the model gives itself.
fn card(name: Option<&str>, model: &str, path: &Path) -> Result<&'static KnownModel, Failure> {
    let names = || {
        KNOWN
            .iter()
            .map(|card| card.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    if let Some(name) = name {
        return known(name).ok_or_else(|| {
            usage(format!(
                "--name {name}: no card is known of it; possible are {}",
                names()
            ))
        });
    }
    if let Some(card) = known(model) {
        return Ok(card);
    }
    let description = describe(path)?;
    let own = [Some(description.name), description.settings.storage_ref];
    let card = own.iter().flatten().find_map(|name| by_beginning(name));
    card.ok_or_else(|| {
        usage(format!(
            "{model}: say with --name whose card it is; possible are {}",
            names()
        ))
    })
}

/// The card of a name such as `bert_base_cased_en_2.6.0_2.4_1598340336670`.
fn by_beginning(name: &str) -> Option<&'static KnownModel> {
    let is_of = |card: &&KnownModel| {
        let rest = name.strip_prefix(card.name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("_en_"))
    };
    KNOWN.iter().find(is_of)
}

/// One component of a token's vector.
struct Compared {
    token: &'static str,
    component: usize,
    card: f64,
    /// `None` where the model gives no such token.
    found: Option<f64>,
}

fn compare(sample: &Sample, found: &[Annotation]) -> Vec<Compared> {
    let mut compared = Vec::new();
    for (n, (token, numbers)) in sample.tokens.iter().enumerate() {
        let vector = found
            .get(n)
            .filter(|found| found.result == *token)
            .map(|found| &found.vector);
        for (component, &card) in numbers.iter().enumerate() {
            let found = vector
                .and_then(|vector| vector.get(component))
                .map(|&x| f64::from(x));
            compared.push(Compared {
                token,
                component,
                card,
                found,
            });
        }
    }
    compared
}

impl Compared {
    fn agrees(&self) -> bool {
        self.found
            .is_some_and(|found| (found - self.card).abs() <= TOLERANCE)
    }

    fn line(&self) -> String {
        let Self {
            token,
            component,
            card,
            found,
        } = self;
        let found = found.map_or_else(|| "no such token".to_owned(), |found| format!("{found:.6}"));
        let verdict = if self.agrees() { "agrees" } else { DIFFERS };
        format!("  {token:<8} [{component}]  card {card:>10.6}  here {found:>10}  {verdict}\n")
    }

    fn json(&self) -> Value {
        json!({
            "token": self.token,
            "component": self.component,
            "card": self.card,
            "found": self.found,
            "agrees": self.agrees(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_agrees_to_four_places() {
        let of = |found: Option<f64>| Compared {
            token: "I",
            component: 0,
            card: 0.5,
            found,
        };
        assert!(of(Some(0.500_09)).agrees());
        assert!(of(Some(0.499_91)).agrees());
        assert!(!of(Some(0.500_2)).agrees());
        assert!(!of(Some(f64::NAN)).agrees());
        assert!(!of(None).agrees());
        assert!(of(Some(0.5)).line().ends_with("agrees\n"));
        assert!(of(None).line().contains("no such token"));
    }

    #[test]
    fn an_archives_name_begins_with_its_cards() {
        let of = |name: &str| by_beginning(name).map(|card| card.name);
        assert_eq!(of("bert_base_cased"), Some("bert_base_cased"));
        let archive = "biobert_pubmed_large_cased_en_2.6.2_2.4_1600529365263";
        assert_eq!(of(archive), Some("biobert_pubmed_large_cased"));
        assert_eq!(of("bert_base_cased_squad"), None);
        assert_eq!(of("tiny_cased"), None);
    }
}
