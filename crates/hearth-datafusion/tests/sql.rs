//! The SQL surface: `tests/sql/*.slt`. `HEARTH_COMPLETE=1 cargo test -p hearth-datafusion --test sql` writes what is found
//! into the files, to be read before it is committed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::fs;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::prelude::*;
use hearth::{Pipeline, Session};
use hearth_datafusion::{Functions, configure};
use hearth_testkit::data;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};

struct Database(SessionContext);

impl Database {
    async fn open() -> Result<Self, DataFusionError> {
        let config = configure(SessionConfig::new().with_target_partitions(2));
        let context = SessionContext::new_with_config(config);
        let session = Session::builder().jobs(2).build().unwrap();
        let tokens =
            fs::read_to_string(data().join("../crates/hearth-datafusion/tests/sql/tokens.toml"));
        Functions::new(&session)
            .finding_models(|name| Ok(data().join("models").join(name)))
            .pipeline(
                "tokens",
                Pipeline::from_toml(&tokens.unwrap(), "tokens.toml").unwrap(),
            )
            .install(&context)?;
        let sample = data().join("corpora/sample.parquet").display().to_string();
        context
            .register_parquet("sample", &sample, ParquetReadOptions::default())
            .await?;
        Ok(Database(context))
    }
}

fn types(schema: &SchemaRef) -> Vec<DefaultColumnType> {
    let of = |data_type: &DataType| match data_type {
        data_type if data_type.is_integer() => DefaultColumnType::Integer,
        data_type if data_type.is_floating() => DefaultColumnType::FloatingPoint,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DefaultColumnType::Text,
        _ => DefaultColumnType::Any,
    };
    schema
        .fields()
        .iter()
        .map(|field| of(field.data_type()))
        .collect()
}

fn rows(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
        .collect();
    let cell = |text: String| {
        if text.is_empty() {
            "(empty)".to_owned()
        } else {
            text.replace('\n', "\\n")
        }
    };
    let row = |row| {
        columns
            .iter()
            .map(|column| cell(column.value(row).to_string()))
            .collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

#[async_trait::async_trait]
impl AsyncDB for Database {
    type Error = DataFusionError;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, DataFusionError> {
        let frame = self.0.sql(sql).await?;
        let schema = frame.schema().inner().clone();
        let batches = frame.collect().await?;
        if schema.fields().is_empty() {
            return Ok(DBOutput::StatementComplete(0));
        }
        Ok(DBOutput::Rows {
            types: types(&schema),
            rows: batches.iter().flat_map(rows).collect(),
        })
    }

    async fn shutdown(&mut self) {}
}

async fn check(file: &Path) {
    let mut runner = Runner::new(Database::open);
    if std::env::var_os("HEARTH_COMPLETE").is_some() {
        runner
            .update_test_file(
                file,
                " ",
                sqllogictest::default_validator,
                sqllogictest::default_normalizer,
                sqllogictest::default_column_validator,
            )
            .await
            .unwrap();
    } else if let Err(error) = runner.run_file_async(file).await {
        panic!("{}", error.display(false));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_files() {
    let folder = data().join("../crates/hearth-datafusion/tests/sql");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "slt"));
    assert!(files.len() >= 5);
    for file in files {
        check(&file).await;
    }
}
