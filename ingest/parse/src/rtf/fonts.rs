//! Which code page the bytes of a run are in.

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::super::encoding::code_page;

const MAX_FONTS: usize = 10_000;

pub(super) struct Fonts {
    fonts: HashMap<i32, Font>,
    /// Of the document (`\ansicpg`).
    pub document: &'static Encoding,
    /// Of text that names no font (`\deff`).
    pub default_font: i32,
}

#[derive(Clone, Copy, Default)]
struct Font {
    encoding: Option<&'static Encoding>,
    /// Its bytes are pictures, not letters (Symbol, Wingdings).
    is_symbol: bool,
}

impl Default for Fonts {
    fn default() -> Fonts {
        Fonts { fonts: HashMap::new(), document: WINDOWS_1252, default_font: 0 }
    }
}

impl Fonts {
    /// `\fcharset` of a font.
    pub fn set_charset(&mut self, font: i32, charset: i32) {
        let page = match charset {
            0 => 1252,
            77 => 10_000,
            128 => 932,
            129 => 949,
            134 => 936,
            136 => 950,
            161 => 1253,
            162 => 1254,
            163 => 1258,
            177 => 1255,
            178 => 1256,
            186 => 1257,
            204 => 1251,
            222 => 874,
            238 => 1250,
            _ => 0,
        };
        self.set(font, Font { encoding: code_page(page), is_symbol: charset == 2 });
    }

    /// `\cpg` of a font.
    pub fn set_code_page(&mut self, font: i32, page: i32) {
        if let Some(encoding) = u32::try_from(page).ok().and_then(code_page) {
            self.set(font, Font { encoding: Some(encoding), is_symbol: false });
        }
    }

    fn set(&mut self, number: i32, font: Font) {
        if self.fonts.len() < MAX_FONTS {
            self.fonts.insert(number, font);
        }
    }

    pub fn is_symbol(&self, font: i32) -> bool {
        self.fonts.get(&font).is_some_and(|font| font.is_symbol)
    }

    /// The text of bytes in a font. Programs in Chinese, Japanese and Korean write text of the document's code page in
    /// fonts that claim to be Western; it is told by decoding without an error.
    pub fn decode(&self, font: i32, bytes: &[u8]) -> String {
        let own = self.fonts.get(&font).and_then(|font| font.encoding);
        let encoding = match own {
            Some(own) if own == WINDOWS_1252 && !self.document.is_single_byte() => {
                let fits = self.document.decode_without_bom_handling_and_without_replacement(bytes).is_some();
                if fits { self.document } else { own }
            }
            Some(own) => own,
            None => self.document,
        };
        encoding.decode_without_bom_handling(bytes).0.into_owned()
    }
}
