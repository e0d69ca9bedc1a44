//! What texts are made of that are rich in what the text rules look at.

/// What the sentence, token and cleanup rules look at, and their neighbours.
#[rustfmt::skip]
pub const PARTS: &[&str] = &[
    ".", ".", ".", "..", "...", ";", "!", "?", "!?", "'", "'", "'s", "'s ", "\"", "\"", "(", ")", "[", "]", "|", ",", ":", "-",
    " ", " ", " ", "  ", "\n", "\t", "\r", "\u{B}", "\u{1F}", "\u{A0}", "\u{85}", "\u{2028}", "$", "\\", "\\n", "\\r", "\\t", "°", "N°", "_", "^",
    "a", "b", "s", "z", "A", "B", "I", "I'm", "I'll", "p", "P", "m", "M", "p.m", "a.m.", "A.M", "1", "2", "12", "123", " 1. ", " 12.) ", "(a)", "(ab)", "-1.", "s-1.)", "-1)", "a)",
    "U.S", "u.s", " u.s.", "e.g.", " exg.", " i e.", " u\\s.", " u°s.", "Co. KG", "Dr", " dr.", "Prof", " St.", " Mt.", " mrs.", " Mr.", " no.", " No.", " p.", " px.", " etc.", " vs.", "vs.", "Jan.", " jr.", " plz.", " sept.", " dept.",
    "\u{F050}", "\u{F051}", "\u{F052}", "\u{F053}", "\u{F054}", "\u{F055}", "\u{F056}", "\u{F057}", "\u{2554}", "\u{255A}", "\u{255E}", "\u{255F}", "\u{2564}", "\u{2565}", "\u{2566}", "\u{2569}", "\u{2187}", "\u{2188}",
    "é", "e\u{301}", "\u{301}", "ß", "ſ", "K", "İ", "Σ", "ʼ", "١", "２", "中", "。", "…", "“", "”", "😀", "𝕏", "\u{E0100}", "\u{1D165}", "नि", "\u{20DD}", "\u{200D}", "\u{FEFF}",
    "word", "The", "Go.", "see", "He said", "x y", "3.5", " KG", "Co.",
];

/// First lines that are patterns of users.
#[rustfmt::skip]
pub const PATTERNS: &[&str] = &[
    ",\n", "\\s+\n", "\n", "(\\w+)\n", "([a-z]+?)(\\d*)\n", "(?:a|b)*\n", "(a*)\n", "[^a-z]\n", "\\b\n", "(?<=a)b*\n", "(?!a).\n", "^\n", "$\n", "\\.(?=\\s)\n",
    "(a)|(b)\n", "(.)\\1\n", "(?i)DR\\.\n", "(?m)^.*$\n", "\\p{L}+\n", "[\\p{Lu}&&[^A-C]]\n", "\\x{1F600}\n", "😀?\n", "(?>a+)b\n", "(a|ab)(c|bcd)*\n", "\\Qa.b\\E\n",
    "(\n", "[a\n", "a{2,1}\n", "\\\n", "*a\n", "(?<n>a)\\k<n>\n", "(a+)+b\n", "([\\s\\S]*?)'\n", "\\R\n", "[\\h\\v]\n", "\\$1\n", "a b\n",
];

/// First lines that are lists of words.
#[rustfmt::skip]
pub const WORDS: &[&str] = &[
    "a b The word see x ##a ##b ##. ## I'm . é\n", "\n", "a aa ##a ##aa ##b 中 😀 ##😀\n", "[UNK] w wo word ##ord ##rd ##d\n", "THE Σ ß İ The\n",
];

/// First lines of pipeline files: what follows them is mostly refused.
pub const FILES: &[&str] = &[
    "",
    "[[stage]]\ntype = \"tokenizer\"\n",
    "[[stage]]\ntype = \"document_assembler\"\ninput_col = \"text\"\n",
    "[[stage]]\ntype = \"sentence_detector\"\ncustom_bounds = [\"(a\", '\\s']\nsplit_length = 3\n",
    "[[stage]]\ntype = \"normalizer\"\nslang_dictionary = { a = \"b c\" }\n",
    "[[stage]]\ntype = \"finisher\"\ninput_cols = [",
    "[[stage]]\ntype = \"doc2_chunk\"\nx = 1979-05-27\ny = [1.5, inf, -0]\nz.\"\" = {}\n",
    "stage = [{ type = \"regex_tokenizer\", pattern = \"",
    "[stage]\n",
];
