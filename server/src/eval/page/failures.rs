//! The questions that went wrong: what was asked, what was expected, what came.

use std::fmt::Write as _;

use taproot_schemas::eval::{Came, Failure, FailureKind, Section};

use super::text;

/// Failures that are unfolded when the page opens.
const OPEN: usize = 5;

pub fn list<R>(html: &mut String, section: &Section<R>) {
    // Writing to a String cannot fail.
    let _ = writeln!(html, "<h3>Failures <small>{} of {}</small></h3>", section.failed, section.rows.len());
    if (section.failures.len() as u64) < section.failed {
        let _ = writeln!(html, "<p class=\"note\">The {} most telling are listed.</p>", section.failures.len());
    }
    for (at, failure) in section.failures.iter().enumerate() {
        show(html, failure, at < OPEN);
    }
}

fn show(html: &mut String, failure: &Failure, open: bool) {
    let (kind, class) = name(failure.kind);
    let open = if open { " open" } else { "" };
    let _ = write!(
        html,
        "<details{open} class=\"failure\"><summary><span class=\"kind {class}\">{kind}</span> <bdi>{}</bdi> <small>{}</small></summary>\n<dl>\n",
        text(&failure.question),
        text(&failure.id)
    );
    if !failure.expected_answers.is_empty() {
        row(html, "Expected", &joined(&failure.expected_answers, " · "));
    } else if failure.kind == FailureKind::MadeUp {
        row(html, "Expected", "a refusal: the documents do not hold the answer");
    }
    if let Some(answer) = &failure.answer {
        row(html, "Answered", &format!("<bdi>{}</bdi>", text(answer)));
    }
    if let Some(confidence) = failure.confidence {
        row(html, "Confidence", &format!("{confidence:.2}"));
    }
    if !failure.expected_documents.is_empty() {
        let place = match failure.first_relevant {
            Some(place) => format!(" <small>first found at place {place}</small>"),
            None if failure.kind == FailureKind::NotFound => " <small>not among the first 100</small>".into(),
            None => String::new(),
        };
        row(html, "Gold documents", &format!("{}{place}", joined(&failure.expected_documents, ", ")));
    }
    html.push_str("</dl>\n");
    came(html, failure);
    html.push_str("</details>\n");
}

fn name(kind: FailureKind) -> (&'static str, &'static str) {
    match kind {
        FailureKind::MadeUp => ("Answered without a source for it", "bad"),
        FailureKind::Wrong => ("Wrong", "bad"),
        FailureKind::WrongSource => ("Right, from another document", "mild"),
        FailureKind::Refused => ("Refused", "mild"),
        FailureKind::NotFound => ("Not found", "bad"),
        FailureKind::RankedLow => ("Ranked low", "mild"),
    }
}

fn came(html: &mut String, failure: &Failure) {
    if failure.came.is_empty() {
        return;
    }
    html.push_str("<ol class=\"came\">\n");
    for Came { title, document, score, relevant, quote } in &failure.came {
        let class = if *relevant { " class=\"gold\"" } else { "" };
        let _ = writeln!(
            html,
            "<li{class}><b><bdi>{}</bdi></b> <code>{}</code> <small>{score:.3}</small><br><bdi class=\"quote\">{}</bdi></li>",
            text(title),
            text(document),
            text(quote)
        );
    }
    html.push_str("</ol>\n");
}

fn row(html: &mut String, name: &str, value: &str) {
    let _ = writeln!(html, "<div><dt>{name}</dt><dd>{value}</dd></div>");
}

fn joined(texts: &[String], separator: &str) -> String {
    texts.iter().map(|each| format!("<bdi>{}</bdi>", text(each))).collect::<Vec<_>>().join(separator)
}
