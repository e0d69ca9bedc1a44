//! Annotations of texts.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use hearth::annotation::Annotations;
use hearth::stages::{
    Doc2Chunk, DocumentAssembler, Finisher, Normalizer, RegexTokenizer, SentenceDetector,
    StopWordsCleaner, Tokenizer,
};
use hearth::{Pipeline, PipelineModel};
use hearth_testkit::generate::Input;

use super::SESSION;

/// Longest input with patterns of the user's, in bytes: a search of each may take millions of steps.
const SHORT: usize = 400;

const MODES: [&str; 8] = [
    "disabled",
    "inplace",
    "inplace_full",
    "shrink",
    "shrink_full",
    "each",
    "each_full",
    "delete_full",
];

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn name(name: &str) -> Option<String> {
    Some(name.to_owned())
}

/// The text stages with chosen settings, `own` as a pattern in some of them: columns `document`, `sentence`, `token` and
/// `clean`.
fn chosen(input: &mut Input<'_>, own: &str) -> Pipeline {
    let assembler = DocumentAssembler {
        input_col: name("text"),
        cleanup_mode: input.one_of(&MODES).to_owned(),
        ..Default::default()
    };
    let mut detector = SentenceDetector {
        input_cols: Some(names(&["document"])),
        output_col: name("sentence"),
        rules: input.one_of(&["spark", "improved"]).to_owned(),
        detect_lists: !input.flag(),
        use_abbreviations: !input.flag(),
        split_length: input.flag().then(|| input.number(40)),
        ..Default::default()
    };
    let own_bound = input.one_of(&[false, false, false, true]);
    if own_bound {
        detector.custom_bounds = names(&[own]);
        detector.custom_bounds_strategy = input.one_of(&["none", "prepend", "append"]).to_owned();
        detector.use_custom_bounds_only = input.flag();
    }
    let pipeline = Pipeline::new().then(assembler).then(detector);
    let pipeline = match input.one_of(&[0, 0, 1, 2]) {
        0 => pipeline.then(Tokenizer {
            input_cols: names(&["sentence"]),
            ..Default::default()
        }),
        1 => pipeline.then(Tokenizer {
            input_cols: names(&["sentence"]),
            exceptions: names(&[own]),
            split_chars: names(&["-"]),
            min_length: input.number(3),
            ..Default::default()
        }),
        _ => pipeline.then(RegexTokenizer {
            input_cols: names(&["sentence"]),
            output_col: "token".to_owned(),
            pattern: own.to_owned(),
            to_lowercase: input.flag(),
            ..Default::default()
        }),
    };
    if input.flag() {
        pipeline.then(Normalizer {
            input_cols: names(&["token"]),
            output_col: name("clean"),
            lowercase: input.flag(),
            ..Default::default()
        })
    } else {
        pipeline.then(StopWordsCleaner {
            input_cols: names(&["token"]),
            output_col: name("clean"),
            case_sensitive: input.flag(),
            ..Default::default()
        })
    }
}

fn batch(columns: &[(&str, &[&str])]) -> RecordBatch {
    let columns = columns.iter().map(|(name, texts)| {
        let column: ArrayRef = Arc::new(StringArray::from_iter_values(*texts));
        (*name, column)
    });
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

/// Every annotation of a column: its row, begin, end and result. Along the way: what has a place is a slice of its row's
/// document there.
fn annotations(batch: &RecordBatch, column: &str) -> Vec<(usize, i32, i32, String)> {
    let index = |name| batch.schema_ref().index_of(name).expect("a column");
    let of = |name| Annotations::of(batch, index(name)).expect("annotations");
    let (documents, found) = (of("document"), of(column));
    let mut all = Vec::new();
    for row in 0..batch.num_rows() {
        let document = documents
            .row(row)
            .next()
            .map_or("", |first| documents.result(first));
        for annotation in found.row(row) {
            let (span, result) = (found.span(annotation), found.result(annotation));
            if let Ok(at) = usize::try_from(span.at) {
                let slice = document.get(at..at + result.len());
                assert_eq!(slice, Some(result), "{document:?}: {column} {span:?}");
            }
            all.push((row, span.begin, span.end, result.to_owned()));
        }
    }
    all
}

/// Several texts, which are separated by U+0001, through the text stages: texts one by one, all at once, and as a batch in
/// two parts have the same annotations; a finisher gives their results.
pub fn pipeline(data: &[u8]) {
    let mut input = Input::new(data);
    let whole = input.text.clone();
    if whole.len() > SHORT {
        return;
    }
    let (own, text) = whole.split_once('\n').unwrap_or(("", &whole));
    let texts: Vec<&str> = text.split('\u{1}').collect();
    let stages = chosen(&mut input, own);
    // A pattern may be refused, and may take too many steps.
    let Ok(model) = SESSION.load(&stages) else {
        return;
    };
    let Ok(together) = model.annotate_all(&texts) else {
        return;
    };
    assert_eq!(together.len(), texts.len());
    for (text, found) in texts.iter().zip(&together) {
        assert_eq!(model.annotate(text).as_ref().ok(), Some(found), "{text:?}");
    }
    let rows = model
        .transform(&batch(&[("text", &texts)]))
        .expect("as above");
    assert_eq!(rows.num_rows(), texts.len());
    for column in ["document", "sentence", "token", "clean"] {
        let light = together.iter().enumerate().flat_map(|(row, found)| {
            let all = found[column].iter();
            all.map(move |one| (row, one.begin, one.end, one.result.clone()))
        });
        assert_eq!(
            annotations(&rows, column),
            light.collect::<Vec<_>>(),
            "{texts:?} {column}"
        );
    }
    in_parts(&model, &texts, &rows);
    finished(stages, &texts, &rows);
}

fn in_parts(model: &PipelineModel, texts: &[&str], whole: &RecordBatch) {
    let cut = texts.len() / 2;
    let mut row = 0;
    for part in [&texts[..cut], &texts[cut..]] {
        let rows = model
            .transform(&batch(&[("text", part)]))
            .expect("as the whole");
        for column in ["sentence", "token"] {
            let slice = whole.slice(row, part.len());
            assert_eq!(
                annotations(&rows, column),
                annotations(&slice, column),
                "{texts:?}"
            );
        }
        row += part.len();
    }
}

fn finished(stages: Pipeline, texts: &[&str], rows: &RecordBatch) {
    let finisher = Finisher {
        input_cols: Some(names(&["clean"])),
        ..Default::default()
    };
    let model = SESSION
        .load(&stages.then(finisher))
        .expect("the stages were fine");
    let plain = model
        .transform(&batch(&[("text", texts)]))
        .expect("as before");
    let lists = plain
        .column_by_name("finished_clean")
        .expect("a plain column")
        .as_list::<i32>();
    let found = (0..lists.len()).flat_map(|row| {
        let list = lists.value(row);
        let results = list
            .as_string_view()
            .iter()
            .map(move |text| (row, text.unwrap_or_default().to_owned()));
        results.collect::<Vec<_>>()
    });
    let expected = annotations(rows, "clean")
        .into_iter()
        .map(|(row, _, _, result)| (row, result));
    assert!(found.eq(expected), "{texts:?}: {plain:?}");
}

/// A text to find and the texts to find it in, one in each line: the chunk is its first place there, if it is not blank.
pub fn chunks(data: &[u8]) {
    let input = Input::new(data);
    let (chunk, text) = input.head();
    let texts: Vec<&str> = text.lines().collect();
    let stages = Pipeline::new()
        .then(DocumentAssembler {
            input_col: name("text"),
            ..Default::default()
        })
        .then(Doc2Chunk {
            input_cols: Some(names(&["document"])),
            output_col: name("chunk"),
            chunk_col: name("wanted"),
            ..Default::default()
        });
    let model = SESSION.load(&stages).expect("plain settings");
    let wanted = vec![chunk; texts.len()];
    let rows = model.transform(&batch(&[("text", &texts), ("wanted", &wanted)]));
    let found = annotations(&rows.expect("texts in every row"), "chunk");
    let units = |text: &str| i32::try_from(text.encode_utf16().count()).expect("a short text");
    // As Java's trim has it.
    let is_blank = chunk.chars().all(|c| c <= ' ');
    let searched = texts.iter().enumerate().filter(|_| !is_blank);
    let expected = searched.filter_map(|(row, text)| {
        let begin = units(&text[..text.find(chunk)?]);
        Some((row, begin, begin + units(chunk), chunk.to_owned()))
    });
    assert_eq!(
        found,
        expected.collect::<Vec<_>>(),
        "{chunk:?} in {texts:?}"
    );
}
