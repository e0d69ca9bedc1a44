//! Pipeline files.

use hearth::{Error, Pipeline};
use hearth_testkit::generate::Input;

use super::SESSION;

/// A pipeline file, whatever it holds, is read or refused with its line; what was read can be written and read again, as
/// TOML and as JSON, and is loaded or refused.
pub fn pipeline_file(data: &[u8]) {
    let text = Input::new(data).text;
    let pipeline = match Pipeline::from_toml(&text, "fuzz.toml") {
        Ok(pipeline) => pipeline,
        Err(error) => return check_place(&text, &error),
    };
    let again = Pipeline::from_toml(&pipeline.to_toml(), "again.toml");
    assert_eq!(
        again.as_ref().ok(),
        Some(&pipeline),
        "{text:?}: {}",
        pipeline.to_toml()
    );
    let again = Pipeline::from_json(&pipeline.to_json(), "again.json");
    assert_eq!(
        again.as_ref().ok(),
        Some(&pipeline),
        "{text:?}: {}",
        pipeline.to_json()
    );
    // Models are files.
    if pipeline
        .stages
        .iter()
        .any(|stage| stage.kind.contains("embeddings"))
    {
        return;
    }
    if let Err(error) = SESSION.load(&pipeline) {
        assert!(!error.to_string().is_empty());
    }
}

fn check_place(text: &str, error: &Error) {
    let Error::Pipeline { place, message } = error else {
        panic!("{text:?}: {error}");
    };
    let lines = text.bytes().filter(|&byte| byte == b'\n').count() + 1;
    assert!((1..=lines).contains(&place.line), "{text:?}: {error}");
    assert!(!message.is_empty(), "{text:?}");
}
