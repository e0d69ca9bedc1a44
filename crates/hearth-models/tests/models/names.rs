//! Names that stand for models.

use hearth_models::names::{KNOWN, Reference, known, near};
use hearth_models::resolve::Resource;

fn spark_nlp(name: &str) -> Option<Reference> {
    Some(Reference::SparkNlp {
        name: name.to_owned(),
    })
}

fn hub(id: &str, revision: &str) -> Option<Reference> {
    Some(Reference::HuggingFace {
        id: id.to_owned(),
        revision: revision.to_owned(),
    })
}

#[test]
fn each_card_is_found_by_all_its_names() {
    let cases = [
        ("en.embed.bert.base_cased", "bert_base_cased"),
        ("embed.bert_base_cased", "bert_base_cased"),
        ("google-bert/bert-base-cased", "bert_base_cased"),
        ("en.embed.bert.large_cased", "bert_large_cased"),
        ("Google-BERT/bert-large-cased", "bert_large_cased"),
        ("en.embed.bert.pubmed.uncased", "bert_biomed_pubmed_uncased"),
        (
            "microsoft/BiomedNLP-PubMedBERT-base-uncased-abstract-fulltext",
            "bert_biomed_pubmed_uncased",
        ),
        (
            "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext",
            "bert_biomed_pubmed_uncased",
        ),
        (
            "embed.biobert_clinical_base_cased",
            "biobert_clinical_base_cased",
        ),
        (
            "emilyalsentzer/Bio_ClinicalBERT",
            "biobert_clinical_base_cased",
        ),
        (
            "en.embed.biobert.pubmed_large_cased",
            "biobert_pubmed_large_cased",
        ),
        (
            "dmis-lab/biobert-large-cased-v1.1",
            "biobert_pubmed_large_cased",
        ),
        ("biobert_pubmed_large_cased", "biobert_pubmed_large_cased"),
    ];
    for (name, model) in cases {
        assert_eq!(known(name).unwrap().name, model, "{name}");
    }
    assert_eq!(known("bert_base_multilingual"), None);
}

#[test]
fn a_cards_archive_has_the_cards_name_and_date() {
    for model in &KNOWN {
        let archive = Resource::from_stem(model.zip.strip_suffix(".zip").unwrap()).unwrap();
        assert_eq!(archive.name, model.name);
        assert_eq!(archive.language.as_deref(), Some(model.language));
        assert_eq!(archive.file_name(), model.zip);
    }
}

#[test]
fn the_form_of_a_name_says_where_it_is_from() {
    assert_eq!(
        Reference::parse("bert_base_cased"),
        spark_nlp("bert_base_cased")
    );
    assert_eq!(
        Reference::parse("en.embed.bert.base_cased"),
        spark_nlp("bert_base_cased")
    );
    assert_eq!(
        Reference::parse("electra_small_uncased"),
        spark_nlp("electra_small_uncased")
    );
    assert_eq!(Reference::parse("a-b/c.d_E"), hub("a-b/c.d_E", "main"));
    assert_eq!(Reference::parse("a/b@v1.0"), hub("a/b", "v1.0"));
    assert_eq!(
        Reference::parse("bert-base-cased"),
        hub("bert-base-cased", "main")
    );
    for path in [
        "",
        ".",
        "./a",
        "../a/b",
        "/a/b",
        "a/",
        "/a",
        "a//b",
        "a/b/c",
        "a\\b",
        "C:\\a",
        "a/..",
        "../a",
        "a/b@",
        "a/b@../c",
        "a/b@c/d",
        "Bert Base",
        "en.embed.unheard.of",
        "model.zip",
        "a b/c",
        "~/a",
        "a/.b",
        "ä/b",
    ] {
        assert_eq!(Reference::parse(path), None, "{path}");
    }
}

#[test]
fn a_near_miss_is_told() {
    assert_eq!(near("bert_base_case")[0], "bert_base_cased");
    assert_eq!(near("Bert_Base_Cased")[0], "bert_base_cased");
    assert_eq!(
        near("en.embed.bert.base.cased")[0],
        "en.embed.bert.base_cased"
    );
    assert_eq!(
        near("emilyalsentzer/BioClinicalBERT")[0],
        "emilyalsentzer/Bio_ClinicalBERT"
    );
    assert!(near("roberta").is_empty());
}
