//! The models known by name: those whose Spark NLP cards say what the archive is and what comes out of it.

use std::fmt;

/// A model with a published card.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct KnownModel {
    /// Spark NLP's name.
    pub name: &'static str,
    /// The card's language.
    pub language: &'static str,
    /// The card's archive, in Spark NLP's public bucket.
    pub zip: &'static str,
    /// The card's date.
    pub date: &'static str,
    /// nlu's references.
    pub nlu: &'static [&'static str],
    /// Repositories of the same model on the Hugging Face hub, today's name first.
    pub hugging_face: &'static [&'static str],
    /// Where the card says that it came from.
    pub source: &'static str,
    /// Length of its vectors.
    pub dimension: usize,
    /// Layers of the encoder.
    pub layers: usize,
    /// Attention heads in each.
    pub heads: usize,
    /// What the card shows of its vectors, if it does.
    pub sample: Option<Sample>,
}

/// A text and what its card says the first two components of each token's vector are.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The text.
    pub text: &'static str,
    /// Its tokens in order.
    pub tokens: &'static [(&'static str, [f64; 2])],
}

/// All of them, by name.
pub static KNOWN: [KnownModel; 5] = [
    KnownModel {
        name: "bert_base_cased",
        language: "en",
        zip: "bert_base_cased_en_2.6.0_2.4_1598340336670.zip",
        date: "2020-08-25",
        nlu: &["en.embed.bert.base_cased", "embed.bert_base_cased"],
        hugging_face: &["google-bert/bert-base-cased", "bert-base-cased"],
        source: "TF Hub google/bert_cased_L-12_H-768_A-12",
        dimension: 768,
        layers: 12,
        heads: 12,
        sample: Some(Sample {
            text: "I love NLP",
            tokens: &[
                ("I", [0.438_795_685_768_127_44, -0.401_600_062_847_137_45]),
                ("love", [0.217_375_904_321_670_53, -0.386_576_831_340_789_8]),
                (
                    "NLP",
                    [-0.162_264_794_111_251_83, -0.053_727_392_107_248_306],
                ),
            ],
        }),
    },
    KnownModel {
        name: "bert_biomed_pubmed_uncased",
        language: "en",
        zip: "bert_biomed_pubmed_uncased_en_3.4.0_3.0_1645440129466.zip",
        date: "2022-02-21",
        nlu: &["en.embed.bert.pubmed.uncased"],
        hugging_face: &[
            "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext",
            "microsoft/BiomedNLP-PubMedBERT-base-uncased-abstract-fulltext",
        ],
        source: "Hugging Face microsoft/BiomedNLP-PubMedBERT-base-uncased-abstract-fulltext",
        dimension: 768,
        layers: 12,
        heads: 12,
        sample: None,
    },
    KnownModel {
        name: "bert_large_cased",
        language: "en",
        zip: "bert_large_cased_en_2.6.0_2.4_1598340717429.zip",
        date: "2020-08-25",
        nlu: &["en.embed.bert.large_cased", "embed.bert_large_cased"],
        hugging_face: &["google-bert/bert-large-cased", "bert-large-cased"],
        source: "TF Hub google/bert_cased_L-24_H-1024_A-16",
        dimension: 1024,
        layers: 24,
        heads: 16,
        sample: Some(Sample {
            text: "I love NLP",
            tokens: &[
                ("I", [-0.589_324_772_357_940_7, -1.138_937_830_924_987_8]),
                (
                    "love",
                    [-0.800_228_953_361_511_2, -0.150_431_856_513_023_38],
                ),
                ("NLP", [-0.899_586_319_923_400_9, 0.083_274_848_759_174_35]),
            ],
        }),
    },
    KnownModel {
        name: "biobert_clinical_base_cased",
        language: "en",
        zip: "biobert_clinical_base_cased_en_2.6.0_2.4_1598343387227.zip",
        date: "2020-08-25",
        nlu: &[
            "en.embed.biobert.clinical_base_cased",
            "embed.biobert_clinical_base_cased",
        ],
        hugging_face: &["emilyalsentzer/Bio_ClinicalBERT"],
        source: "github EmilyAlsentzer/clinicalBERT, a TensorFlow checkpoint",
        dimension: 768,
        layers: 12,
        heads: 12,
        sample: Some(Sample {
            text: "I hate cancer",
            tokens: &[
                ("I", [0.220_666_289_329_528_8, 0.413_244_217_634_201_05]),
                ("hate", [-0.193_110_182_881_355_29, 0.603_788_852_691_650_4]),
                (
                    "cancer",
                    [0.289_570_868_015_289_3, 0.224_998_876_452_445_98],
                ),
            ],
        }),
    },
    KnownModel {
        name: "biobert_pubmed_large_cased",
        language: "en",
        zip: "biobert_pubmed_large_cased_en_2.6.2_2.4_1600529365263.zip",
        date: "2020-09-19",
        nlu: &[
            "en.embed.biobert.pubmed_large_cased",
            "embed.biobert_pubmed_large_cased",
        ],
        hugging_face: &["dmis-lab/biobert-large-cased-v1.1"],
        source: "github dmis-lab/biobert, a TensorFlow checkpoint (BioBERT-Large v1.1, its own vocabulary of 59k words)",
        dimension: 1024,
        layers: 24,
        heads: 16,
        sample: Some(Sample {
            text: "I hate cancer",
            tokens: &[
                ("I", [-0.041_047_871_112_823_486, 0.242_428_123_950_958_25]),
                (
                    "hate",
                    [-0.685_945_153_236_389_2, -0.457_432_687_282_562_26],
                ),
                (
                    "cancer",
                    [-0.124_031_864_106_655_12, 0.668_860_435_485_839_8],
                ),
            ],
        }),
    },
];

/// The known model of a Spark NLP name, an nlu reference or a Hugging Face id.
#[must_use]
pub fn known(name: &str) -> Option<&'static KnownModel> {
    KNOWN.iter().find(|model| {
        model.name == name
            || model.nlu.contains(&name)
            || model
                .hugging_face
                .iter()
                .any(|id| id.eq_ignore_ascii_case(name))
    })
}

/// How a model is asked for, where it is not by a path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reference {
    /// By Spark NLP's name; nlu's references stand for one.
    SparkNlp {
        /// The name.
        name: String,
    },
    /// By its repository on the Hugging Face hub.
    HuggingFace {
        /// Owner and name: `google-bert/bert-base-cased`. A few old ones have a name only.
        id: String,
        /// A branch, tag or commit.
        revision: String,
    },
}

impl Reference {
    /// What a name is, by its form: `owner/name` or `owner/name@revision` is a repository on the hub, a known nlu reference
    /// is its model's Spark NLP name, and lower-case words joined by `_` are one. `None` for anything else, such as a path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, revision) = text.split_once('@').unwrap_or((text, "main"));
        let of_the_hub =
            known(id).is_some_and(|model| model.name != id && !model.nlu.contains(&id));
        if of_the_hub || is_id(id) {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            let revision_is_one =
                !revision.is_empty() && revision.chars().all(plain) && !revision.contains("..");
            return revision_is_one.then(|| Self::HuggingFace {
                id: id.to_owned(),
                revision: revision.to_owned(),
            });
        }
        if let Some(model) = known(text) {
            return Some(Self::SparkNlp {
                name: model.name.to_owned(),
            });
        }
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let is_name =
            text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_word);
        is_name.then(|| Self::SparkNlp {
            name: text.to_owned(),
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SparkNlp { name } => f.write_str(name),
            Self::HuggingFace { id, revision } if revision == "main" => f.write_str(id),
            Self::HuggingFace { id, revision } => write!(f, "{id}@{revision}"),
        }
    }
}

/// Two names with one `/` between, as the hub allows them.
fn is_id(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= 96
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
            && !name.starts_with(['.', '-'])
            && !name.ends_with(['.', '-'])
            && !name.contains("..")
    };
    text.split_once('/')
        .is_some_and(|(owner, name)| is_name(owner) && is_name(name))
}

/// The known names closest to one that is not known, the closest first; at most three, and none where nothing is close.
#[must_use]
pub fn near(name: &str) -> Vec<&'static str> {
    let all = KNOWN.iter().flat_map(|model| {
        let others = model.nlu.iter().chain(model.hugging_face).copied();
        others.chain([model.name])
    });
    let lower = name.to_ascii_lowercase();
    let mut near: Vec<(usize, &str)> = all
        .map(|known| (distance(&lower, &known.to_ascii_lowercase()), known))
        .filter(|(distance, known)| distance * 3 <= known.len())
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().map(|(_, known)| known).take(3).collect()
}

/// How many letters must be put in, left out or changed.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
