//! The second extractor: the text operators of a page (ISO 32000-1, 9.4), read leniently.
//!
//! What it cannot read it passes over, where `pdf-extract` panics. It knows the operators `'` and `"` and the
//! predefined CMaps, which `pdf-extract` does not; it knows no embedded CMaps and no fonts' own tables.

use std::collections::HashMap;
use std::rc::Rc;

use pdf_extract::content::{Content, Operation};
use pdf_extract::{Dictionary, Document, Object, ObjectId};

use super::fonts::{Font, number};
use super::glyphs::{Glyphs, Matrix};

/// Forms that show forms are followed so deep.
const MAX_FORM_DEPTH: usize = 8;
/// Operations of a page, those of its forms included, after which the rest is left.
const MAX_OPERATIONS: usize = 5_000_000;
/// Ancestors of a page that may hold its resources.
const MAX_TREE_DEPTH: usize = 64;

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// The glyphs of a page; none when its content cannot be read at all.
pub(super) fn extract(pdf: &Document, page: ObjectId) -> Option<Glyphs> {
    let content = Content::decode(&pdf.get_page_content(page).ok()?).ok()?;
    let mut reader = Reader { pdf, glyphs: Glyphs::default(), operations_left: MAX_OPERATIONS };
    let empty = Dictionary::new();
    let resources = inherited_resources(pdf, page).unwrap_or(&empty);
    reader.run(&content.operations, resources, State::default(), 0);
    Some(reader.glyphs)
}

/// Whether the page may use the operators `'` or `"`, whose text `pdf-extract` leaves out. May be wrongly true.
pub(super) fn shows_text_by_quote(pdf: &Document, page: ObjectId) -> bool {
    let Ok(content) = pdf.get_page_content(page) else { return false };
    let mut before = b' ';
    content.iter().any(|byte| {
        let found = matches!(byte, b'\'' | b'"') && matches!(before, b')' | b'>');
        if !byte.is_ascii_whitespace() {
            before = *byte;
        }
        found
    })
}

fn inherited_resources(pdf: &Document, page: ObjectId) -> Option<&Dictionary> {
    let mut node = pdf.get_dictionary(page).ok()?;
    for _ in 0..MAX_TREE_DEPTH {
        if let Ok(resources) = node.get_deref(b"Resources", pdf).and_then(Object::as_dict) {
            return Some(resources);
        }
        node = node.get_deref(b"Parent", pdf).and_then(Object::as_dict).ok()?;
    }
    None
}

/// The part of the graphics state that matters for text.
#[derive(Clone)]
struct State {
    to_page: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    character_spacing: f64,
    word_spacing: f64,
    horizontal_scale: f64,
    leading: f64,
    rise: f64,
}

impl Default for State {
    fn default() -> State {
        State {
            to_page: IDENTITY,
            font: None,
            size: 0.0,
            character_spacing: 0.0,
            word_spacing: 0.0,
            horizontal_scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }
}

struct Reader<'a> {
    pdf: &'a Document,
    glyphs: Glyphs,
    operations_left: usize,
}

/// Where text is written: the matrix of the next glyph, and of the start of the line.
#[derive(Clone, Copy)]
struct Pen {
    text: Matrix,
    line: Matrix,
}

impl Reader<'_> {
    fn run(&mut self, operations: &[Operation], resources: &Dictionary, mut state: State, depth: usize) {
        let mut saved: Vec<State> = Vec::new();
        let mut pen = Pen { text: IDENTITY, line: IDENTITY };
        let mut fonts: HashMap<Vec<u8>, Rc<Font>> = HashMap::new();
        for operation in operations {
            if self.operations_left == 0 {
                return;
            }
            self.operations_left -= 1;
            let numbers: Vec<f64> = operation.operands.iter().filter_map(|operand| number(self.pdf, operand)).collect();
            let first = numbers.first().copied();
            match (operation.operator.as_str(), first) {
                ("q", _) => saved.push(state.clone()),
                ("Q", _) => state = saved.pop().unwrap_or(state),
                ("cm", _) => state.to_page = matrix(&numbers).map_or(state.to_page, |m| product(&m, &state.to_page)),
                ("BT", _) => pen = Pen { text: IDENTITY, line: IDENTITY },
                ("Tf", Some(size)) => {
                    if let Some(Ok(name)) = operation.operands.first().map(Object::as_name) {
                        state.font = self.font(name, resources, &mut fonts);
                    }
                    state.size = size;
                }
                ("Tc", Some(value)) => state.character_spacing = value,
                ("Tw", Some(value)) => state.word_spacing = value,
                ("Tz", Some(value)) => state.horizontal_scale = value / 100.0,
                ("TL", Some(value)) => state.leading = value,
                ("Ts", Some(value)) => state.rise = value,
                ("Tm", _) => {
                    if let Some(matrix) = matrix(&numbers) {
                        pen = Pen { text: matrix, line: matrix };
                    }
                }
                ("Td" | "TD", _) => {
                    let [x, y] = numbers[..] else { continue };
                    if operation.operator == "TD" {
                        state.leading = -y;
                    }
                    pen.next_line(x, y);
                }
                ("T*", _) => pen.next_line(0.0, -state.leading),
                ("Tj" | "TJ", _) => self.show(operation.operands.first(), &state, &mut pen),
                ("'" | "\"", _) => {
                    if let [word, character] = numbers[..] {
                        (state.word_spacing, state.character_spacing) = (word, character);
                    }
                    pen.next_line(0.0, -state.leading);
                    self.show(operation.operands.last(), &state, &mut pen);
                }
                ("Do", _) if depth < MAX_FORM_DEPTH => {
                    if let Some(Ok(name)) = operation.operands.first().map(Object::as_name) {
                        self.run_form(name, resources, &state, depth);
                    }
                }
                _ => {}
            }
        }
    }

    fn font(&self, name: &[u8], resources: &Dictionary, fonts: &mut HashMap<Vec<u8>, Rc<Font>>) -> Option<Rc<Font>> {
        if let Some(font) = fonts.get(name) {
            return Some(font.clone());
        }
        let dictionary = resources.get_deref(b"Font", self.pdf).and_then(Object::as_dict).ok()?;
        let font = dictionary.get_deref(name, self.pdf).and_then(Object::as_dict).ok()?;
        let font = Rc::new(Font::read(self.pdf, font));
        fonts.insert(name.to_vec(), font.clone());
        Some(font)
    }

    /// A form is a page inside a page (ISO 32000-1, 8.10).
    fn run_form(&mut self, name: &[u8], resources: &Dictionary, state: &State, depth: usize) {
        let objects = resources.get_deref(b"XObject", self.pdf).and_then(Object::as_dict);
        let Ok(form) = objects.and_then(|objects| objects.get_deref(name, self.pdf)).and_then(Object::as_stream) else {
            return;
        };
        if form.dict.get_deref(b"Subtype", self.pdf).and_then(Object::as_name).ok() != Some(b"Form".as_slice()) {
            return;
        }
        let Ok(content) = form.get_plain_content().and_then(|bytes| Content::decode(&bytes)) else { return };
        let mut state = state.clone();
        if let Ok(entries) = form.dict.get_deref(b"Matrix", self.pdf).and_then(Object::as_array) {
            let numbers: Vec<f64> = entries.iter().filter_map(|entry| number(self.pdf, entry)).collect();
            state.to_page = matrix(&numbers).map_or(state.to_page, |matrix| product(&matrix, &state.to_page));
        }
        let own = form.dict.get_deref(b"Resources", self.pdf).and_then(Object::as_dict);
        self.run(&content.operations, own.unwrap_or(resources), state, depth + 1);
    }

    /// Shows a string, or the strings of an array with shifts between them.
    fn show(&mut self, operand: Option<&Object>, state: &State, pen: &mut Pen) {
        match operand {
            Some(Object::String(bytes, _)) => self.show_string(bytes, state, pen),
            Some(Object::Array(pieces)) => {
                for piece in pieces {
                    match piece {
                        Object::String(bytes, _) => self.show_string(bytes, state, pen),
                        piece => {
                            let shift = number(self.pdf, piece).unwrap_or(0.0) / 1000.0;
                            pen.advance(-shift * state.size * state.horizontal_scale);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn show_string(&mut self, bytes: &[u8], state: &State, pen: &mut Pen) {
        let Some(font) = &state.font else { return };
        for shown in font.show(bytes) {
            let scaled = [state.horizontal_scale, 0.0, 0.0, 1.0, 0.0, state.rise];
            let matrix = product(&scaled, &product(&pen.text, &state.to_page));
            self.glyphs.push(&matrix, shown.width, state.size, &shown.text);
            let spacing = state.character_spacing + if shown.is_space { state.word_spacing } else { 0.0 };
            pen.advance((shown.width * state.size + spacing) * state.horizontal_scale);
        }
    }
}

impl Pen {
    fn next_line(&mut self, x: f64, y: f64) {
        self.line = product(&[1.0, 0.0, 0.0, 1.0, x, y], &self.line);
        self.text = self.line;
    }

    fn advance(&mut self, x: f64) {
        self.text = product(&[1.0, 0.0, 0.0, 1.0, x, 0.0], &self.text);
    }
}

fn matrix(numbers: &[f64]) -> Option<Matrix> {
    numbers.try_into().ok()
}

/// `first`, then `second`.
fn product(first: &Matrix, second: &Matrix) -> Matrix {
    let [a, b, c, d, x, y] = *first;
    let [e, f, g, h, u, v] = *second;
    [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h, x * e + y * g + u, x * f + y * h + v]
}
