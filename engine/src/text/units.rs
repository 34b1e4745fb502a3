//! Quantities: `15GB`, `15 GB`, `30℃`, `5 km`, `5公里` → `15gb`, `30°c`, `5km`, `5km`.

/// Ways to write a unit (folded, in lower case) and its symbol. In order of the ways.
const UNITS: &[(&str, &str)] = &[
    ("%", "%"),
    ("bar", "bar"),
    ("bit", "bit"),
    ("byte", "byte"),
    ("bytes", "byte"),
    ("celsius", "°c"),
    ("centimeter", "cm"),
    ("centimeters", "cm"),
    ("centimetre", "cm"),
    ("centimetres", "cm"),
    ("cm", "cm"),
    ("cm2", "cm2"),
    ("cm3", "cm3"),
    ("db", "db"),
    ("dl", "dl"),
    ("dpi", "dpi"),
    ("fahrenheit", "°f"),
    ("fps", "fps"),
    ("ft", "ft"),
    ("g", "g"),
    ("gb", "gb"),
    ("gbit", "gbit"),
    ("gbit/s", "gbps"),
    ("gbps", "gbps"),
    ("ghz", "ghz"),
    ("gib", "gib"),
    ("gigabyte", "gb"),
    ("gigabytes", "gb"),
    ("gram", "g"),
    ("grams", "g"),
    ("gw", "gw"),
    ("h", "h"),
    ("ha", "ha"),
    ("hertz", "hz"),
    ("hour", "h"),
    ("hours", "h"),
    ("hz", "hz"),
    ("inch", "inch"),
    ("inches", "inch"),
    ("kb", "kb"),
    ("kbit/s", "kbps"),
    ("kbps", "kbps"),
    ("kcal", "kcal"),
    ("kg", "kg"),
    ("khz", "khz"),
    ("kib", "kib"),
    ("kilobyte", "kb"),
    ("kilobytes", "kb"),
    ("kilogram", "kg"),
    ("kilograms", "kg"),
    ("kilometer", "km"),
    ("kilometers", "km"),
    ("kilometre", "km"),
    ("kilometres", "km"),
    ("kilowatt", "kw"),
    ("kilowatts", "kw"),
    ("kj", "kj"),
    ("km", "km"),
    ("km/h", "km/h"),
    ("km2", "km2"),
    ("kn", "kn"),
    ("kpa", "kpa"),
    ("kv", "kv"),
    ("kva", "kva"),
    ("kw", "kw"),
    ("kwh", "kwh"),
    ("l", "l"),
    ("lbs", "lb"),
    ("liter", "l"),
    ("liters", "l"),
    ("litre", "l"),
    ("litres", "l"),
    ("m", "m"),
    ("m/s", "m/s"),
    ("m2", "m2"),
    ("m3", "m3"),
    ("ma", "ma"),
    ("mah", "mah"),
    ("mb", "mb"),
    ("mbit/s", "mbps"),
    ("mbps", "mbps"),
    ("megabyte", "mb"),
    ("megabytes", "mb"),
    ("meter", "m"),
    ("meters", "m"),
    ("metre", "m"),
    ("metres", "m"),
    ("mg", "mg"),
    ("mhz", "mhz"),
    ("mib", "mib"),
    ("mile", "mi"),
    ("miles", "mi"),
    ("milliseconds", "ms"),
    ("min", "min"),
    ("minute", "min"),
    ("minutes", "min"),
    ("ml", "ml"),
    ("mm", "mm"),
    ("mm2", "mm2"),
    ("mpa", "mpa"),
    ("mph", "mph"),
    ("ms", "ms"),
    ("mv", "mv"),
    ("mw", "mw"),
    ("mwh", "mwh"),
    ("nm", "nm"),
    ("ns", "ns"),
    ("pa", "pa"),
    ("percent", "%"),
    ("ppm", "ppm"),
    ("psi", "psi"),
    ("px", "px"),
    ("rpm", "rpm"),
    ("s", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("tb", "tb"),
    ("terabyte", "tb"),
    ("terabytes", "tb"),
    ("tib", "tib"),
    ("v", "v"),
    ("va", "va"),
    ("volt", "v"),
    ("volts", "v"),
    ("w", "w"),
    ("watt", "w"),
    ("watts", "w"),
    ("wh", "wh"),
    ("°c", "°c"),
    ("°f", "°f"),
    ("μg", "μg"),
    ("μl", "μl"),
    ("μm", "μm"),
    ("μs", "μs"),
];

/// Chinese names of units, the longer of two that begin alike first. What is counted rather than measured (年, 天, 个)
/// is none.
pub const CHINESE: &[(&str, &str)] = &[
    ("平方公里", "km2"),
    ("平方千米", "km2"),
    ("平方米", "m2"),
    ("立方米", "m3"),
    ("摄氏度", "°c"),
    ("千瓦时", "kwh"),
    ("公里", "km"),
    ("千米", "km"),
    ("厘米", "cm"),
    ("公分", "cm"),
    ("毫米", "mm"),
    ("微米", "μm"),
    ("纳米", "nm"),
    ("奈米", "nm"),
    ("公尺", "m"),
    ("英寸", "inch"),
    ("英里", "mi"),
    ("公斤", "kg"),
    ("千克", "kg"),
    ("毫克", "mg"),
    ("毫升", "ml"),
    ("公升", "l"),
    ("千瓦", "kw"),
    ("毫秒", "ms"),
    ("分钟", "min"),
    ("小时", "h"),
    ("赫兹", "hz"),
    ("米", "m"),
    ("克", "g"),
    ("升", "l"),
    ("秒", "s"),
];

/// Longest unit in Latin letters, in characters.
const MAX_UNIT_CHARS: usize = 12;

/// The term of the quantity with which a folded text begins.
pub fn at(text: &str) -> Option<String> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let bytes = text.as_bytes();
    let within = |at: usize| matches!(bytes[at], b'.' | b',') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
    let end = (0..bytes.len()).find(|&at| !bytes[at].is_ascii_digit() && !within(at))?;
    let (number, tail) = text.split_at(end);
    let symbol = symbol(tail.strip_prefix(['-', ' ']).unwrap_or(tail))?;
    Some(format!("{}{symbol}", number.replace(',', "")))
}

/// The symbol of the unit with which a folded text begins.
pub fn symbol(text: &str) -> Option<&'static str> {
    Some(CHINESE.iter().find(|(name, _)| text.starts_with(name)).or_else(|| latin(text))?.1)
}

fn latin(text: &str) -> Option<&'static (&'static str, &'static str)> {
    let of_unit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '%' | '°' | 'μ' | '/');
    // `300 °C`, but also `300 degrees Celsius` and `300 ° C`.
    let text = text.strip_prefix("degrees ").unwrap_or(text);
    let mut unit = String::with_capacity(MAX_UNIT_CHARS);
    for c in text.chars().take_while(|c| of_unit(*c)) {
        if unit.len() > MAX_UNIT_CHARS {
            return None;
        }
        unit.extend(c.to_lowercase());
    }
    UNITS.binary_search_by(|(name, _)| (*name).cmp(unit.as_str())).ok().map(|at| &UNITS[at])
}

#[cfg(test)]
mod tests {
    use super::{UNITS, at};

    #[test]
    fn the_table_is_in_order() {
        assert!(UNITS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn a_quantity_has_one_term() {
        for (text, expected) in [
            ("15GB of", Some("15gb")),
            ("15 GB", Some("15gb")),
            ("15 gigabytes", Some("15gb")),
            ("30°C", Some("30°c")),
            ("30 degrees Celsius", Some("30°c")),
            ("30摄氏度", Some("30°c")),
            ("5公里的路", Some("5km")),
            ("1,200 kg", Some("1200kg")),
            ("1.5-mm", Some("1.5mm")),
            ("20%", Some("20%")),
            ("20 percent", Some("20%")),
            ("100 Mbit/s", Some("100mbps")),
            ("5 members", None),
            ("3 in the morning", None),
            ("4012", None),
            ("GB 15", None),
        ] {
            assert_eq!(at(text).as_deref(), expected, "{text}");
        }
    }
}
