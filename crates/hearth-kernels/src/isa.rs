use std::{error::Error, fmt, str::FromStr};

/// An instruction set that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// x86-64 with AVX-512F and the tile unit AMX, which multiplies bf16 and int8. Linux only.
    Amx,
    /// x86-64 with AVX-512F; bf16 and int8 by AVX512-BF16 and AVX512-VNNI where the CPU has them.
    Avx512,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// AArch64 with Advanced SIMD.
    Neon,
    /// Any CPU. Each fused multiply-add is [`f32::mul_add`], a call into the C library where the target has no such
    /// instruction: right everywhere, slow on x86-64 (about a hundredth of AVX2).
    Portable,
}

impl Isa {
    /// Every instruction set, fastest first.
    pub(crate) const ALL: [Self; 5] = [
        Self::Amx,
        Self::Avx512,
        Self::Avx2,
        Self::Neon,
        Self::Portable,
    ];

    /// The name that [`FromStr`] reads: `amx`, `avx512`, `avx2`, `neon` or `portable`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Amx => "amx",
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Neon => "neon",
            Self::Portable => "portable",
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Isa {
    type Err = UnknownIsa;

    fn from_str(name: &str) -> Result<Self, UnknownIsa> {
        let known = Self::ALL.into_iter().find(|isa| isa.name() == name);
        known.ok_or_else(|| UnknownIsa {
            name: name.to_owned(),
        })
    }
}

/// A name that no [`Isa`] has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownIsa {
    /// The name as given.
    pub name: String,
}

impl fmt::Display for UnknownIsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown instruction set `{}`: use amx, avx512, avx2, neon or portable",
            self.name
        )
    }
}

impl Error for UnknownIsa {}
