//! Columns that the project's own encoders write, read back by the parquet crate.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Int32Array, LargeStringArray, ListArray, RecordBatch, StringArray,
    StringViewArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema};
use hearth_io::{Format, WriteOptions, Writer};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Encoding, PageType};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;

use crate::folder::{Folder, batch};

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn int(&mut self, kind: usize) -> i32 {
        let n = i32::try_from(self.below(1 << 31)).unwrap();
        match kind {
            0 => 7,
            1 => n % 3,
            2 => n % 1000,
            3 => n % 100_000,
            4 => n.wrapping_mul(2),
            _ => [i32::MIN, i32::MAX, 0, -1][n.unsigned_abs() as usize % 4],
        }
    }

    fn text(&mut self, kind: usize) -> String {
        let n = self.below(1 << 20);
        match kind {
            0 => String::new(),
            1 => format!("w{}", n % 50),
            2 => format!("exactly 12 {}", n % 10),
            3 => format!("more than twelve, of few kinds: {}", n % 20),
            _ => format!("ünlike all others {n} {}", "x".repeat(n % 60)),
        }
    }

    fn nulls(&mut self, n: usize, nullable: bool) -> Option<NullBuffer> {
        let part = [1, 2, 50][self.below(3)];
        nullable.then(|| (0..n).map(|_| self.below(part + 1) > 0).collect())
    }
}

fn texts(numbers: &mut Numbers, n: usize, nullable: bool) -> Vec<Option<String>> {
    let kinds = numbers.below(5) + 1;
    let nulls = numbers.nulls(n, nullable);
    (0..n)
        .map(|i| {
            let kind = numbers.below(kinds);
            let text = numbers.text(kind);
            nulls
                .as_ref()
                .is_none_or(|nulls| nulls.is_valid(i))
                .then_some(text)
        })
        .collect()
}

fn array(kind: usize, texts: &[Option<String>]) -> ArrayRef {
    let texts = texts.iter().map(Option::as_deref);
    match kind {
        0 => Arc::new(texts.collect::<StringViewArray>()),
        1 => Arc::new(texts.collect::<StringArray>()),
        _ => Arc::new(texts.collect::<LargeStringArray>()),
    }
}

/// Lists of structs or of leaves, with nulls where the fields may have them, also in lists that are null themselves.
fn lists(numbers: &mut Numbers, n_rows: usize) -> (Field, ListArray) {
    let nullable: [bool; 4] = std::array::from_fn(|_| numbers.below(2) == 0);
    let kind = numbers.below(3);
    let lengths: Vec<usize> = (0..n_rows)
        .map(|_| [0, 1, 2, 8, 9, 40][numbers.below(6)])
        .collect();
    let n: usize = lengths.iter().sum();
    let int_kind = numbers.below(6);
    let ints = (0..n).map(|_| numbers.int(int_kind)).collect::<Vec<_>>();
    let ints = Int32Array::new(ints.into(), numbers.nulls(n, nullable[0]));
    let strings = array(kind, &texts(numbers, n, nullable[1]));
    let items: ArrayRef = match numbers.below(3) {
        0 => Arc::new(ints),
        1 => strings,
        _ => {
            let fields = vec![
                Field::new("n", DataType::Int32, nullable[0]),
                Field::new("text", strings.data_type().clone(), nullable[1]),
            ];
            let nulls = numbers.nulls(n, nullable[2]);
            Arc::new(StructArray::new(
                fields.into(),
                vec![Arc::new(ints), strings],
                nulls,
            ))
        }
    };
    let item_nullable = items.null_count() > 0 || numbers.below(2) == 0;
    let item = Arc::new(Field::new(
        "element",
        items.data_type().clone(),
        item_nullable,
    ));
    let list = ListArray::new(
        Arc::clone(&item),
        OffsetBuffer::from_lengths(lengths),
        items,
        numbers.nulls(n_rows, nullable[3]),
    );
    (Field::new("", DataType::List(item), nullable[3]), list)
}

/// Writes the rows in batches of some sizes, and reads them back as the columns were.
fn there_and_back(
    folder: &Folder,
    rows: &RecordBatch,
    sizes: &[usize],
    group: usize,
) -> RecordBatch {
    let path = folder.path("a.parquet");
    let options = WriteOptions {
        row_group_bytes: group,
        overwrite: true,
        ..WriteOptions::default()
    };
    let mut writer = Writer::create(&path, Format::Parquet, rows.schema_ref(), &options).unwrap();
    let (mut start, mut sizes) = (0, sizes.iter().cycle());
    while start < rows.num_rows() {
        let n = (*sizes.next().unwrap()).min(rows.num_rows() - start);
        writer.write(&rows.slice(start, n)).unwrap();
        start += n;
    }
    writer.finish().unwrap();
    let file = File::open(&path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    let found = concat_batches(&batches[0].schema(), &batches).unwrap();
    let columns = found.columns().iter().zip(rows.columns());
    let columns = columns.map(|(found, asked)| cast(found, asked.data_type()).unwrap());
    RecordBatch::try_new(rows.schema(), columns.collect()).unwrap()
}

fn chunks(folder: &Folder) -> Vec<ColumnChunkMetaData> {
    let file = File::open(folder.path("a.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let groups = reader.metadata().row_groups().iter();
    groups.flat_map(|group| group.columns().to_vec()).collect()
}

#[test]
fn whatever_they_hold() {
    let folder = Folder::new();
    for seed in 0..120 {
        let mut numbers = Numbers(seed);
        let n_rows = 1 + numbers.below(400);
        let (mut fields, mut columns): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
        for i in 0..1 + numbers.below(4) {
            let (field, column): (Field, ArrayRef) = match numbers.below(3) {
                0 => {
                    let nullable = numbers.below(2) == 0;
                    let kind = numbers.below(3);
                    let column = array(kind, &texts(&mut numbers, n_rows, nullable));
                    (Field::new("", column.data_type().clone(), nullable), column)
                }
                _ => {
                    let (field, list) = lists(&mut numbers, n_rows);
                    (field, Arc::new(list))
                }
            };
            fields.push(field.with_name(i.to_string()));
            columns.push(column);
        }
        let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
        let sizes: Vec<usize> = (0..3).map(|_| 1 + numbers.below(n_rows)).collect();
        let group = [1 << 12, 1 << 20][numbers.below(2)];
        let found = there_and_back(&folder, &rows, &sizes, group);
        assert_eq!(found, rows, "seed {seed}");
    }
}

#[test]
fn pages_end_at_rows_and_a_full_dictionary_ends_in_the_middle_of_one() {
    let folder = Folder::new();
    let mut numbers = Numbers(1);
    let n_rows = 40_000;
    let lengths = (0..n_rows).map(|row| row % 41);
    let offsets = OffsetBuffer::from_lengths(lengths);
    let n = *offsets.last().unwrap();
    // Few different words in the first half; so many in the second that they are too much for a dictionary.
    let words = (0..n).map(|i| match i < n / 2 {
        true => format!("word {}", i % 1000),
        false => format!("another word, number {i}"),
    });
    let ints: Vec<i32> = (0..n).map(|_| numbers.int(3)).collect();
    let items = StructArray::from(vec![
        (
            Arc::new(Field::new("n", DataType::Int32, false)),
            Arc::new(Int32Array::from(ints)) as ArrayRef,
        ),
        (
            Arc::new(Field::new("word", DataType::Utf8View, false)),
            Arc::new(StringViewArray::from_iter_values(words)) as ArrayRef,
        ),
    ]);
    let item = Arc::new(Field::new("element", items.data_type().clone(), false));
    let rows = batch(vec![(
        "list",
        Arc::new(ListArray::new(item, offsets, Arc::new(items), None)),
    )]);
    let found = there_and_back(&folder, &rows, &[777], usize::MAX);
    assert_eq!(found, rows);
    let file = File::open(folder.path("a.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let group = reader.get_row_group(0).unwrap();
    let encodings = |column| {
        let pages = group.get_column_page_reader(column).unwrap();
        let pages = pages.map(|page| page.unwrap());
        Vec::from_iter(pages.map(|page| (page.page_type(), page.encoding())))
    };
    let [ints, words] = [encodings(0), encodings(1)];
    let (data, dictionary) = (PageType::DATA_PAGE_V2, PageType::DICTIONARY_PAGE);
    assert!(
        ints.len() > 1
            && ints
                .iter()
                .all(|&p| p == (data, Encoding::DELTA_BINARY_PACKED))
    );
    let plain = words
        .iter()
        .filter(|&&p| p == (data, Encoding::PLAIN))
        .count();
    assert_eq!(words[0], (dictionary, Encoding::PLAIN));
    assert_eq!(words[1], (data, Encoding::RLE_DICTIONARY));
    assert!(
        plain > 1
            && words[words.len() - plain..]
                .iter()
                .all(|p| p.1 == Encoding::PLAIN)
    );
}

#[test]
fn texts_of_their_own_have_no_dictionary() {
    let folder = Folder::new();
    let texts = (0..5000).map(|i| format!("{i} {}", "some text ".repeat(40)));
    let rows = batch(vec![(
        "text",
        Arc::new(StringArray::from_iter_values(texts)),
    )]);
    assert_eq!(there_and_back(&folder, &rows, &[500], usize::MAX), rows);
    let [text] = chunks(&folder).try_into().unwrap();
    assert_eq!(text.dictionary_page_offset(), None);
    assert!(text.compressed_size() * 4 < text.uncompressed_size());
}

#[test]
fn columns_that_are_equal_for_a_while_are_what_they_are() {
    let folder = Folder::new();
    let text = |i: usize| format!("text {} of some length", i % 3000);
    let other = |i: usize| {
        if i == 2500 {
            "another".to_owned()
        } else {
            text(i)
        }
    };
    let listed = |text: &dyn Fn(usize) -> String| {
        let items = StringViewArray::from_iter_values((0..4000).map(text));
        let item = Arc::new(Field::new("element", DataType::Utf8View, false));
        ListArray::new(
            item,
            OffsetBuffer::from_lengths([1; 4000]),
            Arc::new(items),
            None,
        )
    };
    let rows = batch(vec![
        (
            "text",
            Arc::new(StringArray::from_iter_values((0..4000).map(text))),
        ),
        ("same", Arc::new(listed(&text))),
        ("other", Arc::new(listed(&other))),
        (
            "same again",
            Arc::new(StringViewArray::from_iter_values((0..4000).map(text))),
        ),
    ]);
    assert_eq!(there_and_back(&folder, &rows, &[1000], usize::MAX), rows);
    let sizes: Vec<i64> = chunks(&folder)
        .iter()
        .map(ColumnChunkMetaData::compressed_size)
        .collect();
    assert_eq!(sizes[0], sizes[3]);
}

#[test]
fn plain_columns_have_bounds() {
    let folder = Folder::new();
    let long = |last: &str| format!("{}{last}", "é".repeat(40));
    let texts = vec![Some(long("a")), None, Some(long("z")), Some("b".to_owned())];
    let bounds = |texts: Vec<Option<String>>| {
        let rows = batch(vec![("text", Arc::new(StringArray::from(texts)))]);
        assert_eq!(there_and_back(&folder, &rows, &[2], usize::MAX), rows);
        match chunks(&folder)[0].statistics() {
            Some(Statistics::ByteArray(bounds)) => bounds.clone(),
            other => panic!("{other:?}"),
        }
    };
    let found = bounds(texts);
    assert_eq!(found.null_count_opt(), Some(1));
    assert_eq!(
        (found.min_opt().unwrap().data(), found.min_is_exact()),
        (&b"b"[..], true)
    );
    let greatest = found.max_opt().unwrap().as_utf8().unwrap();
    assert!(!found.max_is_exact() && greatest.len() <= 64 && greatest > long("z").as_str());
    let highest = "\u{10FFFF}".repeat(40);
    let found = bounds(vec![Some(highest)]);
    assert!(found.max_opt().is_none() && !found.min_is_exact());
    let found = bounds(vec![None, None]);
    assert_eq!((found.min_opt(), found.null_count_opt()), (None, Some(2)));
}
