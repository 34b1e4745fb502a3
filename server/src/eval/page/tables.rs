//! Tables of figures: metrics with their intervals, and differences with their tests.

use std::fmt::Write as _;

use taproot_schemas::eval::{Difference, Estimate, Group, Metric, SectionComparison};

use super::text;
use crate::eval::compare::SIGNIFICANT;

/// What a metric says, by the beginning of its name.
const MEANINGS: [(&str, &str); 29] = [
    ("ndcg@", "how near the order of the first hits is to the best possible one"),
    ("mrr@", "1 / place of the first relevant document"),
    ("recall@", "share of the relevant documents among the first hits"),
    ("words_alone_ndcg@", "the same hits in the order of words alone"),
    ("meaning_alone_ndcg@", "the same hits in the order of meaning alone"),
    ("right", "questions answered with a gold answer or from the gold document, or rightly refused"),
    ("contains", "questions with an answer: those whose answer holds a gold answer"),
    ("em", "answers that are a gold answer, word for word"),
    ("f1", "words that answer and gold answer share"),
    ("short_em", "the same of the short answer"),
    ("short_f1", "the same of the short answer"),
    ("squad2_em", "exact match, a rightful refusal counts 1"),
    ("squad2_f1", "F1, a rightful refusal counts 1"),
    ("citation_hit", "answers that cite a gold document"),
    ("citation_precision", "cited documents that are gold documents"),
    ("citation_recall", "gold documents that are cited"),
    ("abstention_precision", "refusals that are rightful"),
    ("abstention_recall", "questions without an answer that are refused"),
    ("abstention_f1", "harmonic mean of the two"),
    ("abstention_auc", "how well confidence tells questions with an answer from those without; 0.5 is chance"),
    ("answered_although_unanswerable", "lower is better"),
    ("abstained_although_answerable", "lower is better"),
    ("resolved_ndcg@", "order of the documents found for the question in its conversation"),
    ("typed_ndcg@", "the same for the question alone, as it was typed"),
    ("written_out_ndcg@", "the same for the question as a person wrote it out"),
    ("resolved_recall@", "share of the relevant documents found for the question in its conversation"),
    ("typed_recall@", "the same for the question alone, as it was typed"),
    ("written_out_recall@", "the same for the question as a person wrote it out"),
    ("latency", "lower is better"),
];

/// A row for each metric, a column for each group.
pub fn figures(html: &mut String, groups: &[Group]) {
    let groups = if groups.len() == 2 { &groups[..1] } else { groups };
    let Some(all) = groups.first() else { return };
    html.push_str("<div class=\"wide\"><table>\n<thead><tr><th>Metric</th>");
    for group in groups {
        let name = group.language.as_deref().map_or("all questions".into(), text);
        // Writing to a String cannot fail.
        let _ = write!(html, "<th>{name} <small>{}</small></th>", group.questions);
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for (row, metric) in all.metrics.iter().enumerate() {
        let _ = write!(html, "<tr><td>{}<small>{}</small></td>", text(&metric.name), meaning(&metric.name));
        for group in groups {
            cell(html, group.metrics.get(row));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>\n");
}

fn meaning(name: &str) -> &'static str {
    let is_meant = |(start, _): &&(&str, &str)| {
        name == *start || (name.starts_with(start) && (start.ends_with('@') || *start == "latency"))
    };
    MEANINGS.iter().find(is_meant).map_or("", |(_, meaning)| meaning)
}

fn cell(html: &mut String, metric: Option<&Metric>) {
    let Some((metric, estimate)) = metric.and_then(|metric| Some((metric, metric.estimate?))) else {
        html.push_str("<td class=\"none\">not measured</td>");
        return;
    };
    let Estimate { value, low, high } = estimate;
    let is_time = metric.name.ends_with("_ms");
    let figure = |value: f64| if is_time { format!("{value:.1}") } else { format!("{value:.4}") };
    let bar = if is_time { String::new() } else { whisker(estimate) };
    let _ = write!(html, "<td><b>{}</b> <small>{} to {}</small>{bar}</td>", figure(value), figure(low), figure(high));
}

/// The interval and the value on a line from 0 to 1.
fn whisker(Estimate { value, low, high }: Estimate) -> String {
    let at = |value: f64| value.clamp(0.0, 1.0) * 100.0;
    format!(
        "<svg viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"all\" y=\"2.5\" width=\"100\" height=\"1\"/>\
         <rect class=\"interval\" x=\"{:.2}\" y=\"1\" width=\"{:.2}\" height=\"4\"/><rect class=\"value\" x=\"{:.2}\" width=\"1\" height=\"6\"/></svg>",
        at(low),
        (at(high) - at(low)).max(0.5),
        at(value) - 0.5
    )
}

/// For each group, a row for each metric.
pub fn differences(html: &mut String, section: &SectionComparison) {
    let _ = writeln!(
        html,
        "<h3>The difference, question by question</h3>\n<p class=\"note\">{} questions are in both.",
        section.compared
    );
    if section.left_out > 0 {
        let _ = write!(html, " {} are left out, which only one has in this form.", section.left_out);
    }
    html.push_str(
        " p is how often a difference at least as large comes about when the two are alike (paired randomisation test). \
         Many metrics are tested: one of twenty falls below 0.05 by chance.</p>\n",
    );
    let groups = if section.groups.len() == 2 { &section.groups[..1] } else { &section.groups };
    for group in groups {
        let name = group.language.as_deref().map_or("all questions".into(), text);
        let folded = group.language.is_some();
        if folded {
            let _ = writeln!(html, "<details><summary>{name} <small>{}</small></summary>", group.questions);
        }
        let _ = writeln!(
            html,
            "<div class=\"wide\"><table>\n<thead><tr><th>{name} <small>{}</small></th><th>this</th><th>the other</th><th>difference</th>\
             <th>p</th><th>better / worse / same</th></tr></thead>\n<tbody>",
            group.questions
        );
        group.differences.iter().for_each(|difference| differing(html, difference));
        html.push_str("</tbody></table></div>\n");
        if folded {
            html.push_str("</details>\n");
        }
    }
}

fn differing(html: &mut String, difference: &Difference) {
    let Difference { name, higher_is_better, this, against, difference: by, p, wins, losses, ties } = difference;
    let figure = |value: f64| if name.ends_with("_ms") { format!("{value:.1}") } else { format!("{value:.4}") };
    let signed =
        |value: f64| if value < 0.0 { format!("−{}", figure(-value)) } else { format!("+{}", figure(value)) };
    let gain = if *higher_is_better { by.value } else { -by.value };
    let class = match () {
        () if *p >= SIGNIFICANT || gain == 0.0 => "",
        () if gain > 0.0 => " class=\"better\"",
        () => " class=\"worse\"",
    };
    let counts = match (wins, losses, ties) {
        (Some(wins), Some(losses), Some(ties)) => format!("{wins} / {losses} / {ties}"),
        _ => String::new(),
    };
    let _ = writeln!(
        html,
        "<tr{class}><td>{}</td><td>{}</td><td>{}</td><td><b>{}</b> <small>{} to {}</small></td><td>{p:.4}</td><td>{counts}</td></tr>",
        text(name),
        figure(*this),
        figure(*against),
        signed(by.value),
        signed(by.low),
        signed(by.high)
    );
}
