//! A function of texts in DataFusion, whichever it is.

use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, internal_err};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use hearth::Session;
use hearth::function::TextFunction;

use crate::HearthOptions;
use crate::arguments::{Places, map_text, scalar};
use crate::door::{Door, Kind};
use crate::error::external;
use crate::functions::ALL;

/// What a function is, beside where it runs.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) places: Places,
    /// Whether it gives a struct of value and error.
    pub(crate) tries: bool,
    pub(crate) about: &'static str,
    pub(crate) syntax: &'static str,
    pub(crate) example: &'static str,
    pub(crate) arguments: &'static [(&'static str, &'static str)],
}

/// The function in DataFusion. Equal texts give equal values, so it is immutable.
#[derive(Debug)]
struct TextUdf {
    spec: &'static Spec,
    door: Door,
    signature: Signature,
    documentation: OnceLock<Documentation>,
}

impl PartialEq for TextUdf {
    fn eq(&self, other: &Self) -> bool {
        self.spec.name == other.spec.name && self.door == other.door
    }
}

impl Eq for TextUdf {}

impl std::hash::Hash for TextUdf {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.spec.name, &self.door).hash(state);
    }
}

/// The function behind a door.
pub(crate) fn udf(spec: &'static Spec, door: Door) -> ScalarUDF {
    ScalarUDF::from(TextUdf {
        spec,
        door,
        signature: Signature::user_defined(Volatility::Immutable),
        documentation: OnceLock::new(),
    })
}

/// Writes what is set for a function, for a plan that travels with it; false for functions of others.
pub(crate) fn encode(function: &ScalarUDF, buf: &mut Vec<u8>) -> Result<bool> {
    let Some(text) = function.inner().downcast_ref::<TextUdf>() else {
        return Ok(false);
    };
    buf.extend_from_slice(&text.door.options().to_bytes()?);
    Ok(true)
}

/// A function of this crate with what was set for it; `None` for those of others.
pub(crate) fn decode(session: &Session, name: &str, buf: &[u8]) -> Result<Option<Arc<ScalarUDF>>> {
    let Some(spec) = ALL.into_iter().find(|spec| spec.name == name) else {
        return Ok(None);
    };
    let door = Door::new(session).with(HearthOptions::from_bytes(buf)?);
    Ok(Some(Arc::new(udf(spec, door))))
}

impl TextUdf {
    fn field(&self, function: &TextFunction) -> FieldRef {
        let value = function.field(self.spec.name);
        match self.spec.tries {
            true => Arc::new(Field::new(
                self.spec.name,
                DataType::Struct(tried_fields(&value)),
                true,
            )),
            false => value,
        }
    }

    fn call(&self, function: &TextFunction, text: &ArrayRef) -> Result<ArrayRef> {
        let failed = external(self.spec.name);
        if !self.spec.tries {
            return function.call(text).map_err(failed);
        }
        let tried = function.try_call(text).map_err(failed)?;
        let fields = tried_fields(&function.field(self.spec.name));
        let columns: Vec<ArrayRef> = vec![
            tried.values,
            Arc::new(tried.errors),
            Arc::new(tried.n_tokens),
            Arc::new(tried.n_cut),
        ];
        Ok(Arc::new(StructArray::try_new(
            fields,
            columns,
            text.logical_nulls(),
        )?))
    }
}

/// What a `try_` function gives for a text that is not null: its value or an error.
fn tried_fields(value: &Field) -> Fields {
    vec![
        value.clone().with_name("value"),
        Field::new("error", DataType::Utf8, true),
        Field::new("n_tokens", DataType::Int32, true),
        Field::new("n_cut", DataType::Int32, true),
    ]
    .into()
}

impl ScalarUDFImpl for TextUdf {
    fn name(&self) -> &str {
        self.spec.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.spec.places.coerce(self.spec.name, arg_types)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("{} says its type by its arguments", self.spec.name)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let name = self.spec.name;
        let scalar = |place: usize| args.scalar_arguments.get(place).copied().flatten();
        let literals = self
            .spec
            .places
            .literals(name, args.arg_fields.len(), scalar)?;
        Ok(self.field(&self.door.function(self.spec.kind, name, &literals)?))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (name, places) = (self.spec.name, self.spec.places);
        let literals = places.literals(name, args.args.len(), |place| scalar(&args.args[place]))?;
        let function = self.door.function(self.spec.kind, name, &literals)?;
        let Some(text) = args.args.get(places.text) else {
            return internal_err!("{name} without its text");
        };
        map_text(name, text, |text| self.call(&function, text))
    }

    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        let options = HearthOptions::of(config);
        (options != *self.door.options()).then(|| udf(self.spec, self.door.with(options)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(self.documentation.get_or_init(|| {
            let spec = self.spec;
            let mut made = Documentation::builder(
                datafusion::logical_expr::DocSection {
                    include: true,
                    label: "Hearth",
                    description: None,
                },
                spec.about,
                spec.syntax,
            )
            .with_sql_example(spec.example);
            for (name, about) in spec.arguments {
                made = made.with_argument(*name, *about);
            }
            made.build()
        }))
    }
}
