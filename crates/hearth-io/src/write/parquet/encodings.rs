//! How each column is encoded.

use parquet::basic::{Compression, Encoding, Type, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::SchemaDescriptor;

/// Encodings and compression for the columns.
///
/// Text is zstd, the fastest codec that makes it smaller by half. Values in lists are without statistics, which nobody
/// filters lists by. Whole numbers in lists are places that ascend, or numbers of sentences that repeat: differences
/// take a third of the time of a dictionary and of its size, and zstd would find nothing in them.
pub(super) fn properties(
    columns: &SchemaDescriptor,
    for_spark: bool,
) -> Result<WriterPropertiesBuilder, ParquetError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::Chunk);
    let in_lists = columns.columns().iter().filter(|c| c.max_rep_level() > 0);
    for column in in_lists {
        let path = || column.path().clone();
        properties = properties.set_column_statistics_enabled(path(), EnabledStatistics::None);
        let encoding = match column.physical_type() {
            // Spark 3.5 reads no BYTE_STREAM_SPLIT.
            Type::FLOAT if for_spark => Encoding::PLAIN,
            Type::FLOAT => Encoding::BYTE_STREAM_SPLIT,
            Type::INT32 | Type::INT64 => {
                properties = properties.set_column_compression(path(), Compression::UNCOMPRESSED);
                Encoding::DELTA_BINARY_PACKED
            }
            _ => continue,
        };
        properties = properties
            .set_column_encoding(path(), encoding)
            .set_column_dictionary_enabled(path(), false);
    }
    Ok(properties)
}
