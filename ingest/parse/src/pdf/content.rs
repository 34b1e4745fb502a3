//! The first extractor: the text operators of a page (ISO 32000-1, 9.4), read leniently, and where its images stand.
//!
//! What it cannot read it passes over and counts. It knows no embedded CMaps and no fonts' own tables: on pages that
//! need them, `pdf-extract` is asked.

use std::rc::Rc;

use pdf_extract::content::{Content, Operation};
use pdf_extract::{Dictionary, Document, Object, ObjectId, Stream};

use super::fonts::{Font, Fonts, number};
use super::glyphs::{Glyphs, Matrix};
use super::paint::{Area, Canvas, Fill};

/// Forms that show forms are followed so deep.
const MAX_FORM_DEPTH: usize = 8;
/// Operations of a page, those of its forms included, after which the rest is left.
const MAX_OPERATIONS: usize = 5_000_000;
/// Forms that a page may show, one in the other or one after the other.
const MAX_FORMS: usize = 20_000;
/// Ancestors of a page that may hold what holds for it.
const MAX_TREE_DEPTH: usize = 64;
/// Images of a page that are kept.
const MAX_IMAGES: usize = 1_000;

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// What stands on a page.
#[derive(Default)]
pub(super) struct Contents<'a> {
    pub glyphs: Glyphs,
    pub images: Vec<Placed<'a>>,
    /// Codes of fonts that do not say which characters they are.
    pub unread_codes: usize,
    /// Runs of text that a reader does not see; they are not among the glyphs.
    pub hidden_runs: u32,
    /// Runs of text without ink, which are among the glyphs.
    pub invisible_runs: u32,
    /// Its forms, or the nodes above it, lead back into themselves or too deep to be followed to their end.
    pub is_tangled: bool,
    pub page: Option<Area>,
}

/// An image where it stands.
pub(super) struct Placed<'a> {
    pub image: &'a Stream,
    pub area: Area,
}

/// What stands on a page; none when its content cannot be read at all.
pub(super) fn extract<'a>(
    pdf: &'a Document,
    page: ObjectId,
    fonts: &'a Fonts,
    nothing: &'a Dictionary,
) -> Option<Contents<'a>> {
    let content = Content::decode(&pdf.get_page_content(page).ok()?).ok()?;
    let area = page_area(pdf, page);
    let is_tangled = !has_an_end(pdf, page);
    let contents = Contents { page: area, is_tangled, ..Contents::default() };
    let (operations_left, forms_left) = (MAX_OPERATIONS, MAX_FORMS);
    let mut reader = Reader { pdf, fonts, contents, canvas: Canvas::new(area), operations_left, forms_left };
    let resources = inherited(pdf, page, b"Resources").and_then(|found| found.as_dict().ok()).unwrap_or(nothing);
    reader.run(&content.operations, resources, State::default(), 0);
    Some(reader.contents)
}

/// The part of the page that is shown.
fn page_area(pdf: &Document, page: ObjectId) -> Option<Area> {
    let area = |key: &[u8]| {
        let corners = inherited(pdf, page, key)?.as_array().ok()?;
        let numbers: Vec<f64> = corners.iter().filter_map(|corner| number(pdf, corner)).collect();
        let [x, y, u, v] = numbers[..] else { return None };
        let area = Area { left: x.min(u), bottom: y.min(v), right: x.max(u), top: y.max(v) };
        Some(area).filter(|area| area.size() > 0.0)
    };
    let media = area(b"MediaBox")?;
    let crop = area(b"CropBox").map(|crop| crop.common(&media)).filter(|crop| crop.size() > 0.0);
    Some(crop.unwrap_or(media))
}

/// Whether the nodes above a page end at a root.
fn has_an_end(pdf: &Document, page: ObjectId) -> bool {
    let mut node = pdf.get_dictionary(page).ok();
    for _ in 0..MAX_TREE_DEPTH {
        let Some(found) = node else { return true };
        node = found.get_deref(b"Parent", pdf).and_then(Object::as_dict).ok();
    }
    false
}

/// What a page, or the nearest of its ancestors that says it, says of `key` (ISO 32000-1, 7.7.3.4).
pub(super) fn inherited<'a>(pdf: &'a Document, page: ObjectId, key: &[u8]) -> Option<&'a Object> {
    let mut node = pdf.get_dictionary(page).ok()?;
    for _ in 0..MAX_TREE_DEPTH {
        if let Ok(found) = node.get_deref(key, pdf) {
            return Some(found);
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
    render_mode: f64,
    fill: Fill,
    /// Fills are see-through.
    is_clear: bool,
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
            render_mode: 0.0,
            fill: Fill::default(),
            is_clear: false,
        }
    }
}

struct Reader<'a> {
    pdf: &'a Document,
    fonts: &'a Fonts,
    contents: Contents<'a>,
    canvas: Canvas,
    operations_left: usize,
    forms_left: usize,
}

/// Render modes (ISO 32000-1, 9.3.6): no ink at all, and those whose ink is not the fill colour.
const INVISIBLE: f64 = 3.0;
const OUTLINED: [f64; 4] = [1.0, 2.0, 5.0, 6.0];

/// With less of it, nobody sees a fill.
const MIN_OPACITY: f64 = 0.02;

/// Where text is written: the matrix of the next glyph, and of the start of the line.
#[derive(Clone, Copy)]
struct Pen {
    text: Matrix,
    line: Matrix,
    /// Since it was set down it has written on the page.
    is_on_page: bool,
}

impl<'a> Reader<'a> {
    fn run(&mut self, operations: &[Operation], resources: &'a Dictionary, mut state: State, depth: usize) {
        let mut saved: Vec<State> = Vec::new();
        let mut pen = Pen::at(IDENTITY);
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
                ("BT", _) => pen = Pen::at(IDENTITY),
                ("Tf", Some(size)) => {
                    if let Some(Ok(name)) = operation.operands.first().map(Object::as_name) {
                        state.font = self.font(name, resources);
                    }
                    state.size = size;
                }
                ("Tc", Some(value)) => state.character_spacing = value,
                ("Tw", Some(value)) => state.word_spacing = value,
                ("Tz", Some(value)) => state.horizontal_scale = value / 100.0,
                ("TL", Some(value)) => state.leading = value,
                ("Ts", Some(value)) => state.rise = value,
                ("Tr", Some(value)) => state.render_mode = value,
                ("Tm", _) => {
                    if let Some(matrix) = matrix(&numbers) {
                        pen = Pen::at(matrix);
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
                ("gs", _) => {
                    if let Some(Ok(name)) = operation.operands.first().map(Object::as_name) {
                        state.is_clear =
                            self.opacity(name, resources).map_or(state.is_clear, |share| share < MIN_OPACITY);
                    }
                }
                ("Do", _) => {
                    if let Some(Ok(name)) = operation.operands.first().map(Object::as_name) {
                        self.run_object(name, resources, &state, depth);
                    }
                }
                ("BI", _) => self.canvas.paint(Area::of_unit_square(&state.to_page)),
                (operator, _) => {
                    if !state.fill.follow(operator, &operation.operands, self.pdf, resources) {
                        self.canvas.follow(operator, &numbers, &state.to_page, state.fill);
                    }
                }
            }
        }
    }

    /// The opacity of fills that a graphics state sets (ISO 32000-1, 8.4.5 and 11.6.4.4).
    fn opacity(&self, name: &[u8], resources: &Dictionary) -> Option<f64> {
        let states = resources.get_deref(b"ExtGState", self.pdf).and_then(Object::as_dict).ok()?;
        number(self.pdf, states.get_deref(name, self.pdf).and_then(Object::as_dict).ok()?.get(b"ca").ok()?)
    }

    fn font(&self, name: &[u8], resources: &Dictionary) -> Option<Rc<Font>> {
        let dictionary = resources.get_deref(b"Font", self.pdf).and_then(Object::as_dict).ok()?;
        self.fonts.get(self.pdf, dictionary.get(name).ok()?)
    }

    /// Shows an image or a form.
    fn run_object(&mut self, name: &[u8], resources: &'a Dictionary, state: &State, depth: usize) {
        let objects = resources.get_deref(b"XObject", self.pdf).and_then(Object::as_dict);
        let Ok(object) = objects.and_then(|objects| objects.get_deref(name, self.pdf)).and_then(Object::as_stream)
        else {
            return;
        };
        match object.dict.get_deref(b"Subtype", self.pdf).and_then(Object::as_name).unwrap_or_default() {
            b"Form" if depth < MAX_FORM_DEPTH && self.forms_left > 0 => {
                self.forms_left -= 1;
                self.run_form(object, resources, state, depth);
            }
            b"Form" => self.contents.is_tangled = true,
            b"Image" => {
                let area = Area::of_unit_square(&state.to_page);
                self.canvas.paint(area);
                if self.contents.images.len() < MAX_IMAGES {
                    self.contents.images.push(Placed { image: object, area });
                }
            }
            _ => {}
        }
    }

    /// A form is a page inside a page (ISO 32000-1, 8.10).
    fn run_form(&mut self, form: &'a Stream, resources: &'a Dictionary, state: &State, depth: usize) {
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
        let Some(font) = &state.font else {
            self.contents.unread_codes += bytes.len();
            return;
        };
        let is_white = state.fill.is_white && !OUTLINED.contains(&state.render_mode);
        let is_invisible = state.render_mode == INVISIBLE || state.is_clear;
        self.contents.glyphs.draws_invisibly = is_invisible;
        let (mut has_text, mut hides_text) = (false, false);
        for shown in font.show(bytes) {
            let scaled = [state.horizontal_scale, 0.0, 0.0, 1.0, 0.0, state.rise];
            let matrix = product(&scaled, &product(&pen.text, &state.to_page));
            let advance = shown.width * state.size;
            let is_text = shown.text.contains(|character: char| !character.is_whitespace());
            // A word that starts on the page and runs off its edge stays whole.
            let is_off = !pen.is_on_page && self.canvas.is_off_page(&matrix, advance, state.size);
            if is_invisible || (!is_off && self.canvas.can_be_seen(&matrix, advance, state.size, is_white)) {
                self.contents.glyphs.push(&matrix, shown.width, state.size, &shown.text);
                pen.is_on_page |= is_text && !is_off;
                has_text |= is_text;
            } else {
                hides_text |= is_text;
            }
            self.contents.unread_codes += usize::from(shown.text.is_empty());
            let spacing = state.character_spacing + if shown.is_space { state.word_spacing } else { 0.0 };
            pen.advance((advance + spacing) * state.horizontal_scale);
        }
        self.contents.hidden_runs += u32::from(hides_text);
        self.contents.invisible_runs += u32::from(is_invisible && has_text);
    }
}

impl Pen {
    fn at(matrix: Matrix) -> Pen {
        Pen { text: matrix, line: matrix, is_on_page: false }
    }

    fn next_line(&mut self, x: f64, y: f64) {
        *self = Pen::at(product(&[1.0, 0.0, 0.0, 1.0, x, y], &self.line));
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
