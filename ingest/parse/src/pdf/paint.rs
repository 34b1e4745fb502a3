//! What a reader of a page does not see of its text: white on white, tiny, off the page.
//!
//! Only as much of painting is followed as this needs: pure white as fill colour, and boxes around what else was
//! painted before, on which white is seen.

use pdf_extract::{Dictionary, Document, Object};

use super::fonts::number;
use super::glyphs::Matrix;

/// Painted boxes that are kept; on a page with more of them, all white text counts as seen.
const MAX_BOXES: usize = 2_000;
/// Smaller text cannot be read, in points.
const MIN_SIZE: f64 = 1.0;
/// Colours come rounded.
const NEARLY: f64 = 0.001;

/// A box on the page, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub left: f64,
    pub bottom: f64,
    pub right: f64,
    pub top: f64,
}

impl Area {
    /// The unit square as `matrix` places it: where an image stands (ISO 32000-1, 8.9.5).
    pub fn of_unit_square(matrix: &Matrix) -> Area {
        let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
        corners.into_iter().fold(Area::EMPTY, |area, (x, y)| area.with(matrix, x, y))
    }

    const EMPTY: Area =
        Area { left: f64::INFINITY, bottom: f64::INFINITY, right: f64::NEG_INFINITY, top: f64::NEG_INFINITY };

    fn with(self, matrix: &Matrix, x: f64, y: f64) -> Area {
        let [a, b, c, d, e, f] = *matrix;
        let (x, y) = (a * x + c * y + e, b * x + d * y + f);
        Area { left: self.left.min(x), bottom: self.bottom.min(y), right: self.right.max(x), top: self.top.max(y) }
    }

    pub fn size(&self) -> f64 {
        (self.right - self.left).max(0.0) * (self.top - self.bottom).max(0.0)
    }

    fn contains(&self, x: f64, y: f64) -> bool {
        (self.left..=self.right).contains(&x) && (self.bottom..=self.top).contains(&y)
    }

    pub fn common(&self, other: &Area) -> Area {
        Area {
            left: self.left.max(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.min(other.right),
            top: self.top.min(other.top),
        }
    }
}

/// Kinds of colour, as far as white goes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Space {
    /// White is 1 of each.
    Light,
    /// White is 0 of each.
    Ink,
    /// Patterns, palettes, spot colours.
    Other,
}

/// The fill colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fill {
    space: Space,
    pub is_white: bool,
}

impl Default for Fill {
    fn default() -> Fill {
        Fill { space: Space::Light, is_white: false }
    }
}

impl Fill {
    /// Follows an operator that sets the fill colour; false for all others.
    pub fn follow(&mut self, operator: &str, operands: &[Object], pdf: &Document, resources: &Dictionary) -> bool {
        let numbers = || operands.iter().filter_map(|operand| number(pdf, operand)).collect::<Vec<f64>>();
        match operator {
            "g" | "rg" => *self = Fill { space: Space::Light, is_white: is_white(Space::Light, &numbers()) },
            "k" => *self = Fill { space: Space::Ink, is_white: is_white(Space::Ink, &numbers()) },
            "sc" | "scn" => self.is_white = is_white(self.space, &numbers()),
            "cs" => {
                let space = operands.first().map_or(Space::Other, |name| space(pdf, name, Some(resources)));
                // A new space starts with black.
                *self = Fill { space, is_white: false };
            }
            _ => return false,
        }
        true
    }
}

fn is_white(space: Space, components: &[f64]) -> bool {
    let white = match space {
        Space::Light => 1.0,
        Space::Ink => 0.0,
        Space::Other => return false,
    };
    !components.is_empty() && components.iter().all(|component| (component - white).abs() < NEARLY)
}

fn space(pdf: &Document, space: &Object, resources: Option<&Dictionary>) -> Space {
    match pdf.dereference(space).map(|(_, space)| space) {
        Ok(Object::Name(name)) => match name.as_slice() {
            b"DeviceGray" | b"DeviceRGB" | b"CalGray" | b"CalRGB" => Space::Light,
            b"DeviceCMYK" => Space::Ink,
            name => {
                let spaces =
                    resources.and_then(|resources| resources.get_deref(b"ColorSpace", pdf).ok()?.as_dict().ok());
                spaces
                    .and_then(|spaces| spaces.get(name).ok())
                    .map_or(Space::Other, |found| self::space(pdf, found, None))
            }
        },
        Ok(Object::Array(entries)) => match entries.as_slice() {
            [Object::Name(name), profile] if name == b"ICCBased" => {
                let profile = pdf.dereference(profile).ok().and_then(|(_, profile)| profile.as_stream().ok());
                match profile.and_then(|profile| profile.dict.get_deref(b"N", pdf).ok()?.as_i64().ok()) {
                    Some(1 | 3) => Space::Light,
                    Some(4) => Space::Ink,
                    _ => Space::Other,
                }
            }
            [Object::Name(name), ..] if name == b"CalRGB" || name == b"CalGray" => Space::Light,
            _ => Space::Other,
        },
        _ => Space::Other,
    }
}

/// What was painted on the page so far.
#[derive(Debug)]
pub(super) struct Canvas {
    /// What a reader sees of the page; none when it does not say.
    page: Option<Area>,
    boxes: Vec<Area>,
    path: Area,
}

impl Canvas {
    pub fn new(page: Option<Area>) -> Canvas {
        Canvas { page, boxes: Vec::new(), path: Area::EMPTY }
    }

    /// Something that is not white covers `area`.
    pub fn paint(&mut self, area: Area) {
        if self.boxes.len() < MAX_BOXES {
            self.boxes.push(area);
        }
    }

    /// Follows the operators that make and fill paths.
    pub fn follow(&mut self, operator: &str, numbers: &[f64], to_page: &Matrix, fill: Fill) {
        match (operator, numbers) {
            ("re", [x, y, width, height]) => {
                self.path = self.path.with(to_page, *x, *y).with(to_page, x + width, y + height);
                self.path = self.path.with(to_page, x + width, *y).with(to_page, *x, y + height);
            }
            ("m" | "l" | "c" | "v" | "y", points) => {
                for point in points.chunks_exact(2) {
                    self.path = self.path.with(to_page, point[0], point[1]);
                }
            }
            ("f" | "F" | "f*" | "B" | "B*" | "b" | "b*", _) => {
                if !fill.is_white && self.path.size() > 0.0 {
                    self.paint(self.path);
                }
                self.path = Area::EMPTY;
            }
            ("S" | "s" | "n", _) => self.path = Area::EMPTY,
            // A shading fills all that is not clipped away.
            ("sh", _) => self.paint(Area {
                left: f64::NEG_INFINITY,
                bottom: f64::NEG_INFINITY,
                right: f64::INFINITY,
                top: f64::INFINITY,
            }),
            _ => {}
        }
    }

    /// Whether a glyph lies off the page as a whole. `matrix` leads to its start; `advance` and `height` are in text
    /// space.
    pub fn is_off_page(&self, matrix: &Matrix, advance: f64, height: f64) -> bool {
        let [a, b, c, d, x, y] = *matrix;
        let (end_x, end_y) = (x + a * advance + c * height, y + b * advance + d * height);
        self.page.is_some_and(|page| {
            x.max(end_x) < page.left
                || x.min(end_x) > page.right
                || y.max(end_y) < page.bottom
                || y.min(end_y) > page.top
        })
    }

    /// Whether a glyph can be made out, wherever it is: large enough, and not white on white.
    pub fn can_be_seen(&self, matrix: &Matrix, advance: f64, height: f64, is_white: bool) -> bool {
        let [a, b, c, d, x, y] = *matrix;
        let (middle_x, middle_y) = (x + (a * advance + c * height) / 2.0, y + (b * advance + d * height) / 2.0);
        let is_on_color =
            || self.boxes.len() == MAX_BOXES || self.boxes.iter().any(|area| area.contains(middle_x, middle_y));
        (c.hypot(d) * height).abs() >= MIN_SIZE && (!is_white || is_on_color())
    }
}
