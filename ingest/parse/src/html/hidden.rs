//! Which elements a reader of the page does not see, by their attributes. Style sheets are not read.

use scraper::node::Element;

/// Lengths, in any unit, from which on something is moved out of the window.
const OFF_PAGE: f32 = -999.0;

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

/// Whether these declarations hide what they apply to.
fn hides(style: &str) -> bool {
    let style = style.to_lowercase();
    let declarations = style.split(';').filter_map(|declaration| declaration.split_once(':'));
    let mut color = None;
    let mut background = None;
    let mut is_placed = false;
    let mut is_off_page = false;
    for (property, value) in declarations {
        let value = value.replace("!important", "");
        let value = value.trim();
        match property.trim() {
            "display" if value == "none" => return true,
            "visibility" if matches!(value, "hidden" | "collapse") => return true,
            "opacity" | "font-size" if number(value) == Some(0.0) => return true,
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
    use super::hides;

    #[test]
    fn ways_to_hide_text() {
        for style in [
            "color:red; DISPLAY : none !important",
            "visibility:hidden",
            "font-size:0px",
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
