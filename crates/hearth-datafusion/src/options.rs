//! Settings by `SET hearth....`

use datafusion::common::config::ConfigExtension;
use datafusion::common::{Result, exec_datafusion_err, extensions_options};
use datafusion::config::ConfigOptions;
use datafusion::prelude::SessionConfig;

extensions_options! {
    /// What `SET hearth....` sets. Each is for functions that do not say otherwise in their arguments.
    pub struct HearthOptions {
        /// The model: a path, or a name if the functions were given something that finds models.
        pub model: Option<String>, default = None
        /// What the encoder multiplies: f32, bf16, int8-mixed or int8.
        pub precision: Option<String>, default = None
        /// Where the encoder runs: cpu.
        pub device: Option<String>, default = None
        /// What happens to a sentence that is too long: truncate or error.
        pub on_overflow: Option<String>, default = None
        /// Worker threads of the encoder; those of the session if not set.
        pub jobs: Option<usize>, default = None
    }
}

impl ConfigExtension for HearthOptions {
    const PREFIX: &'static str = "hearth";
}

impl HearthOptions {
    /// What is set in a session; the defaults where [`configure`] was not called for it.
    #[must_use]
    pub fn of(config: &ConfigOptions) -> Self {
        config.extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// What is set, for [`HearthOptions::from_bytes`].
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        let [model, precision, device, on_overflow] = self.fields();
        let said = (model, precision, device, on_overflow, self.jobs);
        serde_json::to_vec(&said).map_err(|error| exec_datafusion_err!("hearth: {error}"))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let said = serde_json::from_slice(bytes).map_err(|error| {
            exec_datafusion_err!(
                "hearth: the settings of a function that was sent are damaged: {error}"
            )
        })?;
        let (model, precision, device, on_overflow, jobs) = said;
        Ok(HearthOptions {
            model,
            precision,
            device,
            on_overflow,
            jobs,
        })
    }

    fn fields(&self) -> [Option<&str>; 4] {
        [
            &self.model,
            &self.precision,
            &self.device,
            &self.on_overflow,
        ]
        .map(Option::as_deref)
    }
}

impl PartialEq for HearthOptions {
    fn eq(&self, other: &Self) -> bool {
        self.fields() == other.fields() && self.jobs == other.jobs
    }
}

impl Eq for HearthOptions {}

impl std::hash::Hash for HearthOptions {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.fields(), self.jobs).hash(state);
    }
}

/// Makes `SET hearth....` known to a session.
///
/// ```
/// use datafusion::prelude::*;
/// let config = hearth_datafusion::configure(SessionConfig::new()).set_str("hearth.precision", "bf16");
/// let context = SessionContext::new_with_config(config);
/// ```
#[must_use]
pub fn configure(config: SessionConfig) -> SessionConfig {
    match config.options().extensions.get::<HearthOptions>() {
        Some(_) => config,
        None => config.with_option_extension(HearthOptions::default()),
    }
}
