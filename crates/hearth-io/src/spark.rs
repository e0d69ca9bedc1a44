//! Spark's schema in the footer of a Parquet file, which is where column metadata stands: without it Spark NLP does not
//! know an annotation column for one.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};
use serde_json::{Map, Value, json};

/// The footer key that holds Spark's schema as JSON.
pub(crate) const ROW_METADATA: &str = "org.apache.spark.sql.parquet.row.metadata";

/// The metadata key that marks a column of annotations.
pub(crate) const ANNOTATOR_TYPE: &str = "annotatorType";

/// The fields of Spark NLP's annotation struct, in the order in which Spark NLP reads them.
pub(crate) const ANNOTATION_FIELDS: [&str; 6] = [
    "annotatorType",
    "begin",
    "end",
    "result",
    "metadata",
    "embeddings",
];

/// The metadata key of a vector column whose value is a number in Spark.
const DIMENSION: &str = "dimension";

/// The schema with the column metadata of Spark's schema added: strings as they are, other values as JSON text. What a
/// field has already stays. JSON that is not a Spark schema changes nothing.
pub(crate) fn with_column_metadata(schema: &Schema, spark_schema: &str) -> Schema {
    let parsed: Value = serde_json::from_str(spark_schema).unwrap_or_default();
    let spark: HashMap<&str, &Map<String, Value>> = parsed["fields"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|field| Some((field["name"].as_str()?, field["metadata"].as_object()?)))
        .collect();
    let fields: Fields = schema
        .fields()
        .iter()
        .map(|field| match spark.get(field.name().as_str()) {
            Some(added) if !added.is_empty() => {
                let mut metadata = field.metadata().clone();
                for (key, value) in *added {
                    let text = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    metadata.entry(key.clone()).or_insert(text);
                }
                Arc::new(field.as_ref().clone().with_metadata(metadata))
            }
            _ => Arc::clone(field),
        })
        .collect();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

/// Whether the column is Spark NLP's annotation struct (the lean columns are not).
pub(crate) fn is_annotation(field: &Field) -> bool {
    let DataType::List(element) = field.data_type() else {
        return false;
    };
    let DataType::Struct(fields) = element.data_type() else {
        return false;
    };
    field.metadata().contains_key(ANNOTATOR_TYPE)
        && fields
            .iter()
            .map(|f| f.name().as_str())
            .eq(ANNOTATION_FIELDS)
}

/// Spark's schema as JSON. A column of a type that Spark does not have (times of day, durations, intervals) is left
/// out: Spark then passes it over.
pub(crate) fn row_metadata(schema: &Schema) -> String {
    json!({ "type": "struct", "fields": fields(schema.fields()) }).to_string()
}

fn fields(fields: &Fields) -> Vec<Value> {
    fields
        .iter()
        .filter_map(|field| {
            Some(json!({
                "name": field.name(),
                "type": spark_type(field.data_type())?,
                "nullable": field.is_nullable(),
                "metadata": column_metadata(field),
            }))
        })
        .collect()
}

/// The metadata of a column as Spark writes it; what Arrow, Parquet and Hearth keep for themselves is left out.
fn column_metadata(field: &FieldRef) -> Value {
    let is_own = |key: &str| {
        ["ARROW:", "PARQUET:", "hearth."]
            .iter()
            .any(|own| key.starts_with(own))
    };
    let entries = field
        .metadata()
        .iter()
        .filter(|(key, _)| !is_own(key))
        .map(|(key, text)| {
            let value = match text.parse::<i64>() {
                Ok(number) if key == DIMENSION => Value::from(number),
                _ => Value::from(text.as_str()),
            };
            (key.clone(), value)
        });
    Value::Object(entries.collect())
}

fn spark_type(data_type: &DataType) -> Option<Value> {
    Some(match data_type {
        DataType::Null => json!("void"),
        DataType::Boolean => json!("boolean"),
        DataType::Int8 => json!("byte"),
        DataType::Int16 | DataType::UInt8 => json!("short"),
        DataType::Int32 | DataType::UInt16 => json!("integer"),
        DataType::Int64 | DataType::UInt32 => json!("long"),
        DataType::UInt64 => json!("decimal(20,0)"),
        DataType::Float32 => json!("float"),
        DataType::Float64 => json!("double"),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => json!("string"),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => json!("binary"),
        DataType::Date32 => json!("date"),
        DataType::Timestamp(TimeUnit::Millisecond | TimeUnit::Microsecond, zone) => match zone {
            Some(_) => json!("timestamp"),
            None => json!("timestamp_ntz"),
        },
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => json!(format!("decimal({precision},{scale})")),
        DataType::Dictionary(_, value) => spark_type(value)?,
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::FixedSizeList(element, _)
        | DataType::ListView(element)
        | DataType::LargeListView(element) => json!({
            "type": "array",
            "elementType": spark_type(element.data_type())?,
            "containsNull": element.is_nullable(),
        }),
        DataType::Struct(children) => json!({ "type": "struct", "fields": fields(children) }),
        DataType::Map(entries, _) => {
            let DataType::Struct(pair) = entries.data_type() else {
                return None;
            };
            let [key, value] = &pair[..] else {
                return None;
            };
            json!({
                "type": "map",
                "keyType": spark_type(key.data_type())?,
                "valueType": spark_type(value.data_type())?,
                "valueContainsNull": value.is_nullable(),
            })
        }
        _ => return None,
    })
}
