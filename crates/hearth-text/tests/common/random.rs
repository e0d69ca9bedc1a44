//! Random texts, the same in every run.

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// A text of up to `max` parts. A few parts are drawn from `parts` first, so that each text is dense in them.
    pub(crate) fn text(&mut self, parts: &[&str], max: usize) -> String {
        let few: Vec<&str> = (0..=self.below(12))
            .map(|_| parts[self.below(parts.len())])
            .collect();
        let source = if self.below(4) == 0 { parts } else { &few };
        (0..self.below(max + 1))
            .map(|_| source[self.below(source.len())])
            .collect()
    }
}

/// What the sentence, token and cleanup rules look at, and their neighbours.
#[rustfmt::skip]
pub(crate) const PARTS: &[&str] = &[
    ".", ".", ".", "..", "...", ";", "!", "?", "!?", "'", "'", "'s", "'s ", "\"", "\"", "(", ")", "[", "]", "|", ",", ":", "-",
    " ", " ", " ", "  ", "\n", "\t", "\r", "\u{B}", "\u{1F}", "\u{A0}", "\u{85}", "\u{2028}", "$", "\\", "\\n", "\\r", "\\t", "°", "N°", "_", "^",
    "a", "b", "s", "z", "A", "B", "I", "I'm", "I'll", "p", "P", "m", "M", "p.m", "a.m.", "A.M", "1", "2", "12", "123", " 1. ", " 12.) ", "(a)", "(ab)", "-1.", "s-1.)", "-1)", "a)",
    "U.S", "u.s", " u.s.", "e.g.", " exg.", " i e.", " u\\s.", " u°s.", "Co. KG", "Dr", " dr.", "Prof", " St.", " Mt.", " mrs.", " Mr.", " no.", " No.", " p.", " px.", " etc.", " vs.", "vs.", "Jan.", " jr.", " plz.", " sept.", " dept.",
    "\u{F050}", "\u{F051}", "\u{F052}", "\u{F053}", "\u{F054}", "\u{F055}", "\u{F056}", "\u{F057}", "\u{2554}", "\u{255A}", "\u{255E}", "\u{255F}", "\u{2564}", "\u{2565}", "\u{2566}", "\u{2569}", "\u{2187}", "\u{2188}",
    "é", "e\u{301}", "\u{301}", "ß", "ſ", "K", "İ", "Σ", "ʼ", "١", "２", "中", "。", "…", "“", "”", "😀", "𝕏", "\u{E0100}", "\u{1D165}", "नि", "\u{20DD}", "\u{200D}", "\u{FEFF}",
    "word", "The", "Go.", "see", "He said", "x y", "3.5", " KG", "Co.",
];
