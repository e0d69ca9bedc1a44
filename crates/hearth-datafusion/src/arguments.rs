//! Arguments as DataFusion hands them on.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::ColumnarValue;
use hearth::function::TextFunction;

use crate::door::Literals;

/// Where a function's arguments stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Places {
    pub(crate) text: usize,
    /// The model or pipeline.
    pub(crate) what: Option<usize>,
    pub(crate) options: Option<usize>,
    /// How many arguments there must be at least.
    pub(crate) least: usize,
}

impl Places {
    fn most(self) -> usize {
        1 + self
            .text
            .max(self.what.unwrap_or(0))
            .max(self.options.unwrap_or(0))
    }

    /// The types that the arguments are given with: text as it is, the others as strings.
    pub(crate) fn coerce(self, function: &str, types: &[DataType]) -> Result<Vec<DataType>> {
        if !(self.least..=self.most()).contains(&types.len()) {
            return plan_err!(
                "{function} takes {} arguments, not {}",
                match (self.least, self.most()) {
                    (least, most) if least == most => least.to_string(),
                    (least, most) => format!("{least} to {most}"),
                },
                types.len()
            );
        }
        let coerce = |(place, found): (usize, &DataType)| match found {
            DataType::Null if place == self.text => Ok(DataType::Utf8View),
            text if place == self.text && TextFunction::takes(text) => Ok(text.clone()),
            DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
                if place != self.text =>
            {
                Ok(DataType::Utf8)
            }
            other => plan_err!("{function}: argument {} is text, not {other}", place + 1),
        };
        types.iter().enumerate().map(coerce).collect()
    }

    /// The arguments beside the text, which a query writes out.
    pub(crate) fn literals<'a>(
        self,
        function: &str,
        n: usize,
        scalar: impl Fn(usize) -> Option<&'a ScalarValue>,
    ) -> Result<Literals> {
        let read = |place: Option<usize>, what: &str| -> Result<Option<String>> {
            let Some(place) = place.filter(|&place| place < n) else {
                return Ok(None);
            };
            match scalar(place).map(ScalarValue::try_as_str) {
                Some(Some(value)) => Ok(value.map(str::to_owned)),
                _ => plan_err!(
                    "{function}: argument {} ({what}) must be written out, not computed: it decides the type of the result",
                    place + 1
                ),
            }
        };
        Ok(Literals {
            what: read(self.what, "the model or pipeline")?,
            options: read(self.options, "the options")?,
        })
    }
}

/// One of the values.
pub(crate) fn scalar(value: &ColumnarValue) -> Option<&ScalarValue> {
    match value {
        ColumnarValue::Scalar(scalar) => Some(scalar),
        ColumnarValue::Array(_) => None,
    }
}

/// Calls on a column, or once on a constant.
pub(crate) fn map_text(
    function: &str,
    text: &ColumnarValue,
    call: impl FnOnce(&ArrayRef) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    match text {
        ColumnarValue::Array(array) => Ok(ColumnarValue::Array(call(array)?)),
        ColumnarValue::Scalar(scalar) => {
            let found = call(&scalar.to_array()?)?;
            if found.len() != 1 {
                return exec_err!("{function}: {} values for one text", found.len());
            }
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &found, 0,
            )?))
        }
    }
}
