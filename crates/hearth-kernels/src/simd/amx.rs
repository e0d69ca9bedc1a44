//! The tile unit of x86-64: eight tiles of 16 lines of 64 bytes.
//!
//! Its instructions are written out, since their intrinsics are not stable. The compiler uses no tile of its own accord, so
//! they keep their values from one block of assembly to the next.

use super::{Avx512, Simd};
use std::arch::asm;

/// Bytes from one line of a tile to the next in memory: tiles are stored without gaps.
const LINE: usize = 64;
/// Bytes of a tile.
const TILE: usize = 16 * LINE;

/// Whether CPU and operating system have it; asks the operating system for the leave to use it, which it gives to a process
/// once and for all.
pub(crate) fn available() -> bool {
    use std::arch::x86_64::{__cpuid, __cpuid_count};

    /// AMX-BF16, AMX-TILE, AMX-INT8 in `edx` of leaf 7.
    const AMX: u32 = 1 << 22 | 1 << 24 | 1 << 25;
    /// The bit of `ecx` of leaf 1 that says `xgetbv` may be asked.
    const OSXSAVE: u32 = 1 << 27;
    /// Tile configuration and tile data in XCR0.
    const TILE_STATE: u32 = 1 << 17 | 1 << 18;
    /// `arch_prctl` of Linux, its request for a state component, and the component of tile data.
    const ARCH_PRCTL: i64 = 158;
    const REQUEST: i64 = 0x1023;
    const TILE_DATA: i64 = 18;

    if !is_x86_feature_detected!("avx512f")
        || __cpuid(0).eax < 7
        || __cpuid_count(7, 0).edx & AMX != AMX
        || __cpuid(1).ecx & OSXSAVE == 0
    {
        return false;
    }
    let (state, refused): (u32, i64);
    // SAFETY: `xgetbv` may be asked, as OSXSAVE says, and reads XCR0 only.
    unsafe {
        asm!("xgetbv", in("ecx") 0, out("eax") state, out("edx") _, options(nomem, nostack, preserves_flags));
    }
    if state & TILE_STATE != TILE_STATE {
        return false;
    }
    // SAFETY: a system call that takes two numbers and touches no memory of the process.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => refused,
            in("rdi") REQUEST,
            in("rsi") TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    refused == 0
}

/// The tiles of this thread, configured as eight of 16 lines of 64 bytes: 0 to 3 are a block of sums of two by two tiles,
/// 4 and 5 of the second factor, 6 and 7 of the first.
pub(crate) struct Tiles(());

#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    line_bytes: [u16; 16],
    lines: [u8; 16],
}

impl Tiles {
    /// # Safety
    /// [`available`] said yes.
    pub(crate) unsafe fn configure() -> Self {
        static EIGHT: Configuration = {
            let mut configuration = Configuration {
                palette: 1,
                start_row: 0,
                reserved: [0; 14],
                line_bytes: [0; 16],
                lines: [0; 16],
            };
            let mut tile = 0;
            while tile < 8 {
                configuration.line_bytes[tile] = 64;
                configuration.lines[tile] = 16;
                tile += 1;
            }
            configuration
        };
        // SAFETY: the caller; the configuration is 64 readable bytes.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const EIGHT, options(nostack, readonly)) };
        Self(())
    }

    /// Makes the sums zero.
    #[inline(always)]
    pub(crate) fn clear(&self) {
        // SAFETY: the tiles are configured.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                options(nomem, nostack)
            );
        }
    }

    /// Writes the sums as 32 lines of 32, or the first 16 of them.
    ///
    /// # Safety
    /// `to` is the address of 32 times 32 floats that may be written.
    #[inline(always)]
    pub(crate) unsafe fn store(&self, to: *mut f32, both: bool) {
        // SAFETY: the tiles are configured; the caller for the rest.
        unsafe {
            asm!(
                "tilestored [{to} + {line}], tmm0",
                "tilestored [{to} + {line} + 64], tmm1",
                to = in(reg) to,
                line = in(reg) 2 * LINE,
                options(nostack),
            );
            if both {
                asm!(
                    "tilestored [{to} + {line}], tmm2",
                    "tilestored [{to} + {line} + 64], tmm3",
                    to = in(reg) to.byte_add(2 * TILE),
                    line = in(reg) 2 * LINE,
                    options(nostack),
                );
            }
        }
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: the tiles are configured.
        unsafe { asm!("tilerelease", options(nomem, nostack)) };
    }
}

/// What the words of the tiles are.
pub(crate) trait Numbers: Copy {
    /// Adds the products of a tile and a pair of tiles, its second right after its first, to the first two sums.
    ///
    /// # Safety
    /// `a` is the address of a tile, `b` of two that follow one another.
    unsafe fn multiply_first(self, tiles: &Tiles, a: *const u32, b: *const u32);
    /// Adds the products of another tile and the same pair to the other two sums.
    ///
    /// # Safety
    /// `a` is the address of a tile.
    unsafe fn multiply_second(self, tiles: &Tiles, a: *const u32);
    /// Sums as floats.
    fn floats(self, s: Avx512, sums: <Avx512 as Simd>::V) -> <Avx512 as Simd>::V;
}

/// Two bfloat16 a word.
#[derive(Clone, Copy)]
pub(crate) struct TileBf16;
/// Four bytes a word, `u8` times `i8`.
#[derive(Clone, Copy)]
pub(crate) struct TileBytes;

macro_rules! numbers {
    ($numbers:ident, $dot:literal, $floats:expr) => {
        impl Numbers for $numbers {
            #[inline(always)]
            unsafe fn multiply_first(self, _: &Tiles, a: *const u32, b: *const u32) {
                // SAFETY: the tiles are configured; the caller for the rest.
                unsafe {
                    asm!(
                        "tileloadd tmm4, [{b} + {line}]",
                        "tileloadd tmm6, [{a} + {line}]",
                        concat!($dot, " tmm0, tmm6, tmm4"),
                        "tileloadd tmm5, [{b} + {line} + 1024]",
                        concat!($dot, " tmm1, tmm6, tmm5"),
                        a = in(reg) a,
                        b = in(reg) b,
                        line = in(reg) LINE,
                        options(nostack, readonly),
                    );
                }
            }

            #[inline(always)]
            unsafe fn multiply_second(self, _: &Tiles, a: *const u32) {
                // SAFETY: the tiles are configured; the caller for the rest.
                unsafe {
                    asm!(
                        "tileloadd tmm7, [{a} + {line}]",
                        concat!($dot, " tmm2, tmm7, tmm4"),
                        concat!($dot, " tmm3, tmm7, tmm5"),
                        a = in(reg) a,
                        line = in(reg) LINE,
                        options(nostack, readonly),
                    );
                }
            }

            #[inline(always)]
            fn floats(self, s: Avx512, sums: <Avx512 as Simd>::V) -> <Avx512 as Simd>::V {
                $floats(s, sums)
            }
        }
    };
}

numbers!(TileBf16, "tdpbf16ps", |_, sums| sums);
numbers!(TileBytes, "tdpbusd", |s: Avx512, sums| s.i32_to_f32(sums));
