//! One classic script out of the modules of the front end, so that a page needs one line and one request.
//!
//! In: an entry module and the sources that it imports. Out: their code in the order of the imports, in one function,
//! without imports, exports, comments and indentation; style sheets lose their blanks as well. Nothing is renamed and
//! nothing is parsed: it works on lines, and relies on how the modules are written (the tests hold them to it). An
//! import or export stands at the start of a line and on one line; names at the top of two modules differ; a comment
//! at the end of a line holds no quotes.

use std::collections::HashSet;

/// Joins `entry` and what it imports. `source` gives a module's text by its path; an unknown one counts as empty, and
/// the tests of the front end see that there is none.
pub fn bundle<'a>(entry: &str, source: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut modules = Vec::new();
    visit(entry, &source, &mut HashSet::new(), &mut modules);
    format!("(()=>{{\"use strict\";\n{}\n}})();\n", modules.join("\n"))
}

fn visit<'a>(
    path: &str,
    source: &impl Fn(&str) -> Option<&'a str>,
    seen: &mut HashSet<String>,
    modules: &mut Vec<String>,
) {
    if !seen.insert(path.to_owned()) {
        return;
    }
    let text = source(path).unwrap_or_default();
    for imported in imports(text) {
        visit(&resolve(path, imported), source, seen, modules);
    }
    let code = code(text);
    modules.push(if path.contains("style") && !path.ends_with("styles.js") { squeezed(&code) } else { code });
}

/// The addresses that a module imports from, as it writes them.
pub fn imports(text: &str) -> impl Iterator<Item = &str> {
    let statements = text.lines().filter_map(|line| line.strip_prefix("import "));
    statements.filter_map(|rest| rest.trim_end().strip_suffix("\";")?.rsplit_once('"').map(|(_, address)| address))
}

/// `../dom.js` as seen from `chat/styles/x.js` is `chat/dom.js`.
pub fn resolve(from: &str, address: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in address.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The lines that do something.
fn code(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut in_comment = false;
    for line in text.lines() {
        let line = line.trim();
        if in_comment || line.starts_with("/**") {
            in_comment = !line.ends_with("*/");
        } else if !line.is_empty() && !line.starts_with("//") && !line.starts_with("import ") {
            let line = without_comment(line);
            lines.push(line.strip_prefix("export ").unwrap_or(&line).to_owned());
        }
    }
    lines.join("\n")
}

/// A line without the comment at its end, and without those of style sheets.
fn without_comment(line: &str) -> String {
    let mut line = line.to_owned();
    if let Some((code, comment)) = line.split_once(" // ")
        && !comment.contains(['"', '\'', '`'])
    {
        line.truncate(code.trim_end().len());
    }
    while let Some(start) = line.find("/* ")
        && let Some(length) = line[start..].find(" */")
    {
        line.replace_range(start..start + length + 3, "");
    }
    line.trim().to_owned()
}

/// A style sheet without the blanks that mean nothing.
fn squeezed(css: &str) -> String {
    let mut squeezed = String::with_capacity(css.len());
    for character in css.chars() {
        if character.is_whitespace() && squeezed.ends_with(['{', '}', ';', ',', ':']) {
            continue;
        }
        if matches!(character, '{' | '}' | ';' | ',') {
            squeezed.truncate(squeezed.trim_end().len());
        }
        squeezed.push(character);
    }
    squeezed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(files: &[(&str, &str)]) -> String {
        let files: Vec<(String, String)> = files.iter().map(|(p, t)| (p.to_string(), t.to_string())).collect();
        let source = |path: &str| files.iter().find(|(name, _)| name == path).map(|(_, text)| text.as_str());
        bundle("a/main.js", source)
    }

    #[test]
    fn a_module_stands_after_what_it_imports_and_once() {
        let script = joined(&[
            ("a/main.js", "// Head.\nimport { b } from \"../b.js\";\nimport { c } from \"./c.js\";\n\nb(c);\n"),
            (
                "b.js",
                "import { c } from \"./a/c.js\";\n\n/**\n * Says `c`.\n */\nexport function b() {\n  say(c); // it\n}\n",
            ),
            ("a/c.js", "export const c = \"http://c // d\"; /* e */\n"),
        ]);
        let expected =
            "(()=>{\"use strict\";\nconst c = \"http://c // d\";\nfunction b() {\nsay(c);\n}\nb(c);\n})();\n";
        assert_eq!(script, expected);
    }

    #[test]
    fn a_style_sheet_loses_blanks_that_mean_nothing() {
        let script = joined(&[
            ("a/main.js", "import { s } from \"./style.js\";\n"),
            (
                "a/style.js",
                "export const s = `\n.a :hover, .b > c { margin: 0 -1px; /* d */ width: calc(100% - 2px); }\n`;\n",
            ),
        ]);
        assert!(script.contains(".a :hover,.b > c{margin:0 -1px;width:calc(100% - 2px);}"), "{script}");
    }
}
