use hearth_io::{Format, discover};

use crate::folder::Folder;

fn tree() -> Folder {
    let folder = Folder::new();
    for name in [
        "in/b.csv",
        "in/a.PARQUET",
        "in/_SUCCESS.csv",
        "in/.hidden.csv",
        "in/_temporary/x.csv",
        "in/lang=de/part.ndjson",
        "in/lang=en/part.jsonl",
        "in/notes.md",
        "in/deep/er/c.txt",
    ] {
        folder.put(name, "");
    }
    folder
}

#[test]
fn a_directory_is_walked_in_order_without_hidden_names() {
    let folder = tree();
    let found = discover(&[folder.input("in")]).unwrap();
    let relative: Vec<_> = found
        .sources
        .iter()
        .map(|s| s.relative.to_str().unwrap())
        .collect();
    assert_eq!(
        relative,
        [
            "a.PARQUET",
            "b.csv",
            "deep/er/c.txt",
            "lang=de/part.ndjson",
            "lang=en/part.jsonl"
        ]
    );
    assert_eq!(found.skipped, [folder.path("in/notes.md")]);
    assert_eq!(found.sources[0].format, Format::Parquet);
    assert_eq!(found.sources[0].bytes, Some(0));
}

#[test]
fn files_and_globs_keep_what_tells_them_apart() {
    let folder = tree();
    assert_eq!(folder.discover(&["in/b.csv"]).unwrap(), ["b.csv"]);
    assert_eq!(
        folder.discover(&["in/lang=de/part.ndjson"]).unwrap(),
        ["lang=de/part.ndjson"]
    );
    assert_eq!(
        folder.discover(&["in/lang=de"]).unwrap(),
        ["lang=de/part.ndjson"]
    );
    assert_eq!(
        folder.discover(&["in/*/part.*"]).unwrap(),
        ["lang=de/part.ndjson", "lang=en/part.jsonl"]
    );
    assert_eq!(
        folder.discover(&["in/*.{csv,PARQUET}"]).unwrap(),
        ["a.PARQUET", "b.csv"]
    );
    assert_eq!(
        folder.discover(&["in/**/*.txt"]).unwrap(),
        ["deep/er/c.txt"]
    );
    assert_eq!(folder.discover(&["in/de*"]).unwrap(), ["deep/er/c.txt"]);
    assert_eq!(
        folder.discover(&["in/*.csv", "in/a.PARQUET"]).unwrap(),
        ["b.csv", "a.PARQUET"]
    );
}

#[test]
fn a_file_whose_name_looks_like_a_glob_is_a_file() {
    let folder = Folder::new();
    folder.put("a[1].csv", "");
    assert_eq!(folder.discover(&["a[1].csv"]).unwrap(), ["a[1].csv"]);
}

#[test]
fn a_link_back_up_is_not_followed() {
    let folder = tree();
    std::os::unix::fs::symlink(folder.path("in"), folder.path("in/deep/up")).unwrap();
    assert_eq!(folder.discover(&["in/deep"]).unwrap().len(), 1 + 4);
    assert_eq!(folder.discover(&["in"]).unwrap().len(), 5);
}

#[test]
fn standard_input_stands_alone() {
    let found = discover(&["-"]).unwrap();
    assert!(found.sources[0].is_stdin());
    assert_eq!(
        (found.sources[0].format, found.sources[0].bytes),
        (Format::Ndjson, None)
    );

    let folder = tree();
    let error = discover(&["-".to_owned(), folder.input("in/b.csv")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "-: a stream can be read only once, so it must be the only input"
    );
    assert!(error.is_usage());
}

#[test]
fn what_leads_to_nothing_is_refused() {
    let folder = tree();
    for (input, expected) in [
        (
            "none.csv",
            "none.csv: no such file or directory, and as a glob it matches nothing",
        ),
        (
            "none/*.csv",
            "none/*.csv: no such file or directory, and as a glob it matches nothing",
        ),
        (
            "in/*.tsv",
            "in/*.tsv: no such file or directory, and as a glob it matches nothing",
        ),
        (
            "in/notes.md",
            "in/notes.md: unknown extension; known ones are .parquet .csv .tsv .ndjson .jsonl .arrow .txt",
        ),
        (
            "in/*.md",
            "in/*.md: nothing to read; known extensions are .parquet .csv .tsv .ndjson .jsonl .arrow .txt \
             (skipped in/notes.md)",
        ),
        ("in/[", "in/[: not a file, and not a valid glob"),
    ] {
        let error = folder.discover(&[input]).unwrap_err();
        let message = error
            .to_string()
            .replace(&format!("{}/", folder.input("").trim_end_matches('/')), "");
        assert_eq!(message, expected);
        assert!(error.is_usage());
    }
    std::fs::create_dir(folder.path("empty")).unwrap();
    let error = folder.discover(&["empty"]).unwrap_err();
    assert!(
        error.to_string().contains("empty: nothing to read"),
        "{error}"
    );
    assert!(discover::<&str>(&[]).unwrap_err().is_usage());
}
