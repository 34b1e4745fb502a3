//! Which elements a reader of the page does not see, by their attributes. Style sheets are not read.

use scraper::node::Element;

/// Lengths, in any unit, from which on something is moved out of the window.
const OFF_PAGE: f32 = -999.0;

/// Lengths that are a part of the parent's: nothing of nothing is nothing.
const RELATIVE: &[&str] = &["%", "em", "inherit", "unset", "smaller", "larger"];

/// Names of colours that pages hide text with.
const COLORS: &[(&str, &str)] = &[
    ("white", "#ffffff"),
    ("black", "#000000"),
    ("rgb(255,255,255)", "#ffffff"),
    ("rgba(255,255,255,1)", "#ffffff"),
    ("rgb(0,0,0)", "#000000"),
];

pub(super) fn is_hidden(element: &Element) -> bool {
    element.attr("hidden").is_some() || element.attr("style").is_some_and(hides)
}

/// What an element hands down to the text in it, unless a descendant says otherwise (CSS 2.2, sections 11.2 and 15.7).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Inherited {
    is_invisible: bool,
    is_sizeless: bool,
}

impl Inherited {
    /// What holds inside of an element whose surroundings hand down `self`.
    pub fn within(self, element: &Element) -> Inherited {
        element.attr("style").map_or(self, |style| self.declared(style))
    }

    pub fn hides(self) -> bool {
        self.is_invisible || self.is_sizeless
    }

    fn declared(mut self, style: &str) -> Inherited {
        let style = style.to_lowercase();
        for (property, value) in declarations(&style) {
            match property {
                "visibility" if value != "inherit" => self.is_invisible = matches!(&*value, "hidden" | "collapse"),
                "font-size" if number(&value) == Some(0.0) => self.is_sizeless = true,
                "font-size" if value.ends_with("rem") => self.is_sizeless = false,
                "font-size" => self.is_sizeless &= RELATIVE.iter().any(|unit| value.ends_with(unit)),
                _ => {}
            }
        }
        self
    }
}

/// Properties and their values.
fn declarations(style: &str) -> impl Iterator<Item = (&str, String)> {
    let pairs = style.split(';').filter_map(|declaration| declaration.split_once(':'));
    pairs.map(|(property, value)| (property.trim(), value.replace("!important", "").trim().to_owned()))
}

/// Whether these declarations hide an element with all that is in it, whatever that says of itself.
fn hides(style: &str) -> bool {
    let style = style.to_lowercase();
    let mut color = None;
    let mut background = None;
    let mut is_placed = false;
    let mut is_off_page = false;
    for (property, value) in declarations(&style) {
        let value = value.as_str();
        match property {
            "display" if value == "none" => return true,
            "opacity" if number(value) == Some(0.0) => return true,
            "text-indent" if is_far(value) => return true,
            "position" => is_placed = matches!(value, "absolute" | "fixed"),
            "left" | "top" | "right" | "bottom" => is_off_page |= is_far(value),
            "color" => color = Some(canonical(value)),
            "background-color" | "background" => background = Some(canonical(value)),
            _ => {}
        }
    }
    // `transparent` and `inherit` are no colours of their own.
    let is_same = color.is_some() && color == background && color.is_some_and(|color| color.starts_with(['#', 'r']));
    is_same || (is_placed && is_off_page)
}

/// The number in front of a unit.
fn number(value: &str) -> Option<f32> {
    value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%').trim().parse().ok()
}

fn is_far(value: &str) -> bool {
    number(value).is_some_and(|number| number <= OFF_PAGE)
}

fn canonical(color: &str) -> String {
    let color = color.replace(' ', "");
    if let Some((_, hex)) = COLORS.iter().find(|(name, _)| *name == color) {
        return (*hex).to_owned();
    }
    match color.strip_prefix('#') {
        Some(short) if short.len() == 3 => format!("#{}", short.chars().flat_map(|c| [c, c]).collect::<String>()),
        _ => color,
    }
}

#[cfg(test)]
mod tests {
    use super::{Inherited, hides};

    #[test]
    fn what_is_handed_down_ends_at_the_next_declaration() {
        for style in ["font-size:0px", "visibility:hidden", "VISIBILITY: collapse !important"] {
            assert!(Inherited::default().declared(style).hides(), "{style}");
        }
        let sizeless = Inherited::default().declared("font-size:0");
        for (style, hides) in
            [("font-size:13px", false), ("font-size:1rem", false), ("font-size:2em", true), ("", true)]
        {
            assert_eq!(sizeless.declared(style).hides(), hides, "{style}");
        }
    }

    #[test]
    fn ways_to_hide_text() {
        for style in [
            "color:red; DISPLAY : none !important",
            "opacity: 0",
            "color:#fff;background:white",
            "background-color:#FFFFFF;color:rgb(255, 255, 255)",
            "position:absolute;left:-9999px",
            "text-indent:-1000em",
        ] {
            assert!(hides(style), "{style}");
        }
        for style in [
            "display:block",
            "font-size:10px",
            "opacity:0.5",
            "color:#fff;background:#000",
            "color:inherit;background:inherit",
            "left:-9999px",
            "position:absolute;left:-10px",
            "",
        ] {
            assert!(!hides(style), "{style}");
        }
    }
}
