//! A column chunk: pages, and what the footer says of them.

use std::io::{Cursor, Read, Write};

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, PageType};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::levels::EncodedLevels;
use super::values::ValuesPage;

/// Data pages (version 2, whose values are apart from their levels) of a chunk in the making.
#[derive(Debug, Default)]
pub(super) struct Pages {
    data: Vec<DataPage>,
    n_bytes: usize,
}

#[derive(Debug)]
struct DataPage {
    page: Serialized,
    encoding: Encoding,
    rows: usize,
    values: usize,
}

/// A page behind its header.
#[derive(Debug)]
struct Serialized {
    header: Vec<u8>,
    data: Bytes,
    /// The size of both before compression.
    uncompressed: usize,
}

impl Serialized {
    fn new(page: Page, uncompressed: usize) -> Result<Self, ParquetError> {
        let data = page.buffer().clone();
        let mut beginning = TrackedWrite::new(Beginning::default());
        let written = SerializedPageWriter::new(&mut beginning)
            .write_page(CompressedPage::new(page, uncompressed))?;
        let mut header = beginning.into_inner()?.0;
        header.truncate(written.compressed_size - data.len());
        Ok(Serialized {
            header,
            data,
            uncompressed: written.uncompressed_size,
        })
    }

    fn len(&self) -> usize {
        self.header.len() + self.data.len()
    }
}

/// Keeps the beginning of what is written to it, where a page's header is: its data is there already.
#[derive(Default)]
struct Beginning(Vec<u8>);

impl Beginning {
    /// More than a header without statistics has.
    const MOST_BYTES: usize = 256;
}

impl Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = Self::MOST_BYTES - self.0.len();
        self.0.extend_from_slice(&bytes[..room.min(bytes.len())]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A dictionary, compressed.
#[derive(Debug, Clone)]
pub(super) struct DictionaryPage {
    pub(super) bytes: Bytes,
    pub(super) uncompressed: usize,
    pub(super) entries: usize,
}

impl Pages {
    pub(super) fn push(
        &mut self,
        levels: &EncodedLevels,
        values: &ValuesPage,
    ) -> Result<(), ParquetError> {
        let buf = [&levels.repetition, &levels.definition, &values.bytes].map(Vec::as_slice);
        let buf = Bytes::from(buf.concat());
        let uncompressed = match values.compressed_from {
            Some(before) => buf.len() - values.bytes.len() + before,
            None => buf.len(),
        };
        let page = Page::DataPageV2 {
            buf,
            num_values: count(levels.counts.values)?,
            encoding: values.encoding,
            num_nulls: count(levels.counts.nulls)?,
            num_rows: count(levels.counts.rows)?,
            def_levels_byte_len: count(levels.definition.len())?,
            rep_levels_byte_len: count(levels.repetition.len())?,
            is_compressed: values.compressed_from.is_some(),
            statistics: None,
        };
        let page = Serialized::new(page, uncompressed)?;
        self.n_bytes += page.len();
        self.data.push(DataPage {
            page,
            encoding: values.encoding,
            rows: levels.counts.rows,
            values: levels.counts.values,
        });
        Ok(())
    }

    /// The size of all pages.
    pub(super) fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    /// The chunk, with its dictionary first.
    pub(super) fn finish(
        self,
        column: ColumnDescPtr,
        compression: Compression,
        dictionary: Option<DictionaryPage>,
        statistics: Option<Statistics>,
    ) -> Result<Chunk, ParquetError> {
        let mut encodings = vec![Encoding::RLE];
        let mut kinds: Vec<PageEncodingStats> = Vec::new();
        let mut pages = Vec::new();
        if let Some(dictionary) = dictionary {
            encodings.push(Encoding::PLAIN);
            kinds.push(PageEncodingStats {
                page_type: PageType::DICTIONARY_PAGE,
                encoding: Encoding::PLAIN,
                count: 1,
            });
            let page = Page::DictionaryPage {
                buf: dictionary.bytes,
                num_values: count(dictionary.entries)?,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            };
            pages.push(Serialized::new(page, dictionary.uncompressed)?);
        }
        let dictionary_bytes = pages.iter().map(Serialized::len).sum::<usize>();
        let (mut offset, mut rows, mut values) = (dictionary_bytes, 0, 0);
        let mut index = OffsetIndexBuilder::new();
        for data in self.data {
            index.append_row_count(count(data.rows)?);
            index.append_offset_and_size(count(offset)?, count(data.page.len())?);
            rows += data.rows as u64;
            values += data.values;
            offset += data.page.len();
            match kinds.last_mut() {
                Some(kind)
                    if kind.page_type != PageType::DICTIONARY_PAGE
                        && kind.encoding == data.encoding =>
                {
                    kind.count += 1;
                }
                _ => {
                    encodings.push(data.encoding);
                    kinds.push(PageEncodingStats {
                        page_type: PageType::DATA_PAGE_V2,
                        encoding: data.encoding,
                        count: 1,
                    });
                }
            }
            pages.push(data.page);
        }
        let uncompressed = pages.iter().map(|page| page.uncompressed).sum();
        let mut metadata = ColumnChunkMetaData::builder(column)
            .set_compression(compression)
            .set_encodings(encodings)
            .set_page_encoding_stats(kinds)
            .set_num_values(count(values)?)
            .set_total_compressed_size(count(offset)?)
            .set_total_uncompressed_size(count(uncompressed)?)
            .set_dictionary_page_offset((dictionary_bytes > 0).then_some(0))
            .set_data_page_offset(count(dictionary_bytes)?);
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        Ok(Chunk {
            pages: pages
                .into_iter()
                .flat_map(|page| [page.header.into(), page.data])
                .collect(),
            close: ColumnCloseResult {
                bytes_written: offset as u64,
                rows_written: rows,
                metadata: metadata.build()?,
                bloom_filter: None,
                column_index: None,
                offset_index: Some(index.build()),
            },
        })
    }
}

fn count<T: TryFrom<usize>>(n: usize) -> Result<T, ParquetError> {
    T::try_from(n).map_err(|_| ParquetError::General(format!("{n} is too much for one page")))
}

/// An encoded column chunk.
#[derive(Debug)]
pub(in super::super) struct Chunk {
    /// Headers and data.
    pages: Vec<Bytes>,
    close: ColumnCloseResult,
}

impl Chunk {
    /// Writes the chunk as the next column of the row group.
    pub(in super::super) fn append_to_row_group<W: Write + Send>(
        self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        group.append_column(&Joined(self.pages), self.close)
    }
}

/// Pages that are read one after the other, always from the first.
struct Joined(Vec<Bytes>);

/// What is left of the pages.
struct Rest {
    page: Cursor<Bytes>,
    next: std::vec::IntoIter<Bytes>,
}

impl Length for Joined {
    fn len(&self) -> u64 {
        self.0.iter().map(|page| page.len() as u64).sum()
    }
}

impl ChunkReader for Joined {
    type T = Rest;

    fn get_read(&self, start: u64) -> Result<Rest, ParquetError> {
        debug_assert_eq!(start, 0, "a chunk is appended whole");
        Ok(Rest {
            page: Cursor::default(),
            next: self.0.clone().into_iter(),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let mut bytes = Vec::with_capacity(length);
        let rest = self.get_read(start)?;
        rest.take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }
}

impl Read for Rest {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let n = self.page.read(buffer)?;
            if n > 0 || buffer.is_empty() {
                return Ok(n);
            }
            match self.next.next() {
                Some(page) => self.page = Cursor::new(page),
                None => return Ok(0),
            }
        }
    }
}
