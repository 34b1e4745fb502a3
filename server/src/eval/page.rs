//! An evaluation as one HTML page that needs nothing else: no script, no font, no image, no network.
//!
//! Questions, answers and names of files come from documents, and may be written to harm whoever opens the page: all
//! text goes through [`text`], and the page's own policy forbids whatever would be fetched or run.

mod failures;
mod tables;

use std::fmt::Write as _;

use taproot_schemas::eval::{Evaluation, Section, SectionComparison, Verdict};

use super::compare::in_words;

const STYLE: &str = include_str!("page/page.css");

/// The whole page.
pub fn page(evaluation: &Evaluation) -> String {
    let name = text(&evaluation.set.name);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{name} · Taproot evaluation</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{name}</h1>\n"
    );
    head(&mut html, evaluation);
    verdicts(&mut html, evaluation);
    if let Some(ranking) = &evaluation.ranking {
        let compared = evaluation.comparison.as_ref().and_then(|comparison| comparison.ranking.as_ref());
        section(&mut html, "How documents are ranked", ranking, compared);
    }
    if let Some(answers) = &evaluation.answers {
        let compared = evaluation.comparison.as_ref().and_then(|comparison| comparison.answers.as_ref());
        section(&mut html, "How questions are answered", answers, compared);
    }
    if let Some(follow_ups) = &evaluation.follow_ups {
        let compared = evaluation.comparison.as_ref().and_then(|comparison| comparison.follow_ups.as_ref());
        section(&mut html, "How follow-up questions are understood", follow_ups, compared);
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn head(html: &mut String, evaluation: &Evaluation) {
    let Evaluation { set, configuration, options, version, created_at, .. } = evaluation;
    let mut facts = vec![(
        "Questions",
        format!("{}{}", set.questions, if options.limit.is_some() { " (a part of the set)" } else { "" }),
    )];
    facts.extend(set.documents.map(|documents| ("Documents", documents.to_string())));
    facts.extend(set.chunks.map(|chunks| ("Passages", chunks.to_string())));
    facts.push(("Settings", text(&configuration.label)));
    facts.extend(configuration.embedder.as_ref().map(|embedder| ("Embedder", text(embedder))));
    facts.push(("Measured", format!("{} by Taproot {}", text(created_at), text(version))));
    html.push_str("<dl class=\"facts\">\n");
    for (name, value) in facts {
        // Writing to a String cannot fail.
        let _ = writeln!(html, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    html.push_str("</dl>\n");
    if set.failed_files > 0 {
        let _ = writeln!(html, "<p class=\"warning\">{} files could not be read.</p>", set.failed_files);
    }
    if !set.unknown_documents.is_empty() {
        let names: Vec<String> =
            set.unknown_documents.iter().map(|name| format!("<code>{}</code>", text(name))).collect();
        let _ = writeln!(
            html,
            "<p class=\"warning\">Questions name documents that are not there, so that nothing can find them: {}</p>",
            names.join(", ")
        );
    }
    let _ = writeln!(
        html,
        "<p class=\"note\">Each figure stands with its 95 % confidence interval (bootstrap over questions, {} resamples, seed {}): \
         with other questions of the same kind it would mostly fall in there. Latency is that of {} questions, asked one at a \
         time after all had been asked once.</p>",
        options.resamples, options.seed, options.latency_sample
    );
}

fn verdicts(html: &mut String, evaluation: &Evaluation) {
    let Some(comparison) = &evaluation.comparison else { return };
    let _ = writeln!(
        html,
        "<section>\n<h2>Against {}</h2>\n<p class=\"note\">measured {}</p>",
        text(&comparison.against.label),
        text(&comparison.against_created_at)
    );
    let sections =
        [("ranking", &comparison.ranking), ("answers", &comparison.answers), ("follow-ups", &comparison.follow_ups)];
    for (name, section) in sections.into_iter().filter_map(|(name, section)| Some((name, section.as_ref()?))) {
        let class = match section.verdict {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Unclear => "unclear",
        };
        let _ = writeln!(html, "<p class=\"verdict {class}\"><b>{name}</b> {}</p>", text(&in_words(section)));
    }
    html.push_str("</section>\n");
}

fn section<R>(html: &mut String, title: &str, section: &Section<R>, compared: Option<&SectionComparison>) {
    let _ = writeln!(html, "<section>\n<h2>{title}</h2>");
    tables::figures(html, &section.groups);
    if let Some(compared) = compared {
        tables::differences(html, compared);
    }
    failures::list(html, section);
    html.push_str("</section>\n");
}

/// Text of documents and users as HTML shows it.
fn text(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            // What a browser would not show, or would read as a mistake.
            c if c.is_control() && c != '\n' => html.push('\u{fffd}'),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use taproot_schemas::eval::*;

    use super::*;
    use crate::eval::compare::compare;
    use crate::eval::measures::groups;

    const HOSTILE: &str = "<script>alert('年假')</script>\" onload=\"x";

    fn evaluation(contains: f64) -> Evaluation {
        let row = |id: usize| AnswerRow {
            id: id.to_string(),
            key: "k".into(),
            language: if id < 5 { "en" } else { HOSTILE }.into(),
            answerable: true,
            abstained: false,
            confidence: 0.5,
            scores: Some(AnswerScores { contains, ..AnswerScores::default() }),
            citations: None,
            latency_ms: Some(12.0),
        };
        let failure = Failure {
            kind: FailureKind::Wrong,
            id: HOSTILE.into(),
            language: HOSTILE.into(),
            question: HOSTILE.into(),
            expected_answers: vec![HOSTILE.into()],
            expected_documents: vec![HOSTILE.into()],
            first_relevant: Some(3),
            answer: Some(HOSTILE.into()),
            confidence: Some(0.9),
            came: vec![Came {
                title: HOSTILE.into(),
                document: HOSTILE.into(),
                score: 1.0,
                relevant: false,
                quote: HOSTILE.into(),
            }],
        };
        let rows: Vec<AnswerRow> = (0..10).map(row).collect();
        Evaluation {
            format: FORMAT,
            version: "0.1.0".into(),
            created_at: "2026-01-01T00:00:00Z".into(),
            set: EvaluatedSet {
                name: HOSTILE.into(),
                questions: 10,
                documents: Some(2),
                chunks: Some(3),
                failed_files: 1,
                unknown_documents: vec![HOSTILE.into()],
            },
            configuration: Configuration { label: HOSTILE.into(), embedder: Some(HOSTILE.into()), threads: 1 },
            options: EvalOptions { k: 10, limit: Some(10), seed: 1, resamples: 2_000, latency_sample: 10 },
            ranking: None,
            follow_ups: None,
            answers: Some(Section { groups: groups(&rows, 10, 1), failed: 1, failures: vec![failure], rows }),
            comparison: None,
        }
    }

    fn compared() -> Evaluation {
        let mut evaluation = evaluation(1.0);
        evaluation.comparison = Some(compare(&evaluation, &self::evaluation(0.0)).unwrap());
        evaluation
    }

    #[test]
    fn nothing_of_the_documents_is_markup() {
        let page = page(&compared());
        assert!(!page.contains("<script") && !page.contains("onload=\"x"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(&#39;年假&#39;)&lt;/script&gt;"));
    }

    #[test]
    fn nothing_is_fetched() {
        let page = page(&compared());
        for reference in ["src=", "href=", "url(", "@import", "http://", "https://"] {
            assert!(!page.contains(reference), "{reference}");
        }
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn every_element_is_closed() {
        let page = page(&compared());
        for element in [
            "main", "section", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "ol", "li", "p",
            "dl", "div", "svg",
        ] {
            let opened = page.matches(&format!("<{element}>")).count() + page.matches(&format!("<{element} ")).count();
            assert_eq!(opened, page.matches(&format!("</{element}>")).count(), "{element}");
        }
    }

    #[test]
    fn what_is_measured_is_told() {
        let page = page(&compared());
        for told in ["this one is better", "1.0000", "Wrong", "not measured", "12.0"] {
            assert!(page.contains(told), "{told}");
        }
    }
}
