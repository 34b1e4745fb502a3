//! An evaluation as text for a terminal: a table of metrics for each section, and the comparison.

use std::fmt::Write as _;

use taproot_schemas::eval::{Comparison, Difference, Estimate, Evaluation, Metric, Section};

use crate::eval::compare::in_words;

/// Groups that stand beside each other.
const COLUMNS: usize = 3;

pub fn human(evaluation: &Evaluation) -> String {
    let mut text = head(evaluation);
    // Writing to a String cannot fail.
    if let Some(ranking) = &evaluation.ranking {
        section(&mut text, "ranking", ranking);
    }
    if let Some(answers) = &evaluation.answers {
        section(&mut text, "answers", answers);
    }
    if let Some(follow_ups) = &evaluation.follow_ups {
        section(&mut text, "follow-ups", follow_ups);
    }
    if let Some(comparison) = &evaluation.comparison {
        compared(&mut text, comparison);
    }
    text
}

fn head(evaluation: &Evaluation) -> String {
    let Evaluation { set, configuration, options, .. } = evaluation;
    let mut text = format!("{}: {} questions", set.name, set.questions);
    if let (Some(documents), Some(chunks)) = (set.documents, set.chunks) {
        let _ = write!(text, " on {documents} documents, {chunks} passages");
    }
    let _ = writeln!(text, ", with {}", configuration.label);
    let _ = writeln!(
        text,
        "in brackets: 95 % confidence intervals; latency: {} questions, one at a time, after all had been asked once",
        options.latency_sample
    );
    if set.failed_files > 0 {
        let _ = writeln!(text, "warning: {} files could not be read", set.failed_files);
    }
    if !set.unknown_documents.is_empty() {
        let named = set.unknown_documents.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "warning: questions name documents that are not there: {named}");
    }
    text
}

fn section<R>(text: &mut String, name: &str, section: &Section<R>) {
    // One language alone is the same as all.
    let groups = if section.groups.len() == 2 { &section.groups[..1] } else { &section.groups };
    for groups in groups.chunks(COLUMNS) {
        let _ = write!(text, "\n{name:<34}");
        for group in groups {
            let title = format!("{} ({})", group.language.as_deref().unwrap_or("all"), group.questions);
            let _ = write!(text, "{title:<28}");
        }
        trim(text);
        for (row, metric) in groups.first().map(|group| group.metrics.as_slice()).unwrap_or_default().iter().enumerate()
        {
            let _ = write!(text, "  {:<32}", metric.name);
            for group in groups {
                let _ = write!(text, "{:<28}", group.metrics.get(row).map(cell).unwrap_or_default());
            }
            trim(text);
        }
    }
    let _ = writeln!(text, "  {} of {} questions failed", section.failed, section.rows.len());
}

fn trim(text: &mut String) {
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

fn cell(metric: &Metric) -> String {
    match metric.estimate {
        Some(estimate) => interval(&metric.name, estimate),
        None => "not measured".into(),
    }
}

fn interval(name: &str, Estimate { value, low, high }: Estimate) -> String {
    if name.ends_with("_ms") {
        format!("{value:.1} [{low:.1}, {high:.1}]")
    } else {
        format!("{value:.4} [{low:.4}, {high:.4}]")
    }
}

fn compared(text: &mut String, comparison: &Comparison) {
    let _ = writeln!(text, "\nagainst {} of {}", comparison.against.label, comparison.against_created_at);
    let sections =
        [("ranking", &comparison.ranking), ("answers", &comparison.answers), ("follow-ups", &comparison.follow_ups)];
    for (name, section) in sections.into_iter().filter_map(|(name, section)| Some((name, section.as_ref()?))) {
        let _ = write!(text, "\n{name}: {} questions compared", section.compared);
        if section.left_out > 0 {
            let _ = write!(text, ", {} left out that only one has in this form", section.left_out);
        }
        let _ = writeln!(
            text,
            "\n  {:<32}{:>10}{:>10}   {:<30}{:>7}   better/worse/same",
            "", "this", "against", "difference", "p"
        );
        let (all, languages) = section.groups.split_at(1.min(section.groups.len()));
        all.iter()
            .flat_map(|group| &group.differences)
            .for_each(|difference| differing(text, &difference.name, difference));
        // Of single languages what decides; the rest is in the page and in the JSON.
        for group in languages.iter().filter(|_| languages.len() > 1) {
            let decides = group.differences.iter().find(|difference| difference.name == section.decided_by);
            let language = group.language.as_deref().unwrap_or_default();
            decides.into_iter().for_each(|it| differing(text, &format!("{}, {language}", it.name), it));
        }
        let _ = writeln!(text, "{name}: {}", in_words(section));
    }
}

fn differing(text: &mut String, title: &str, difference: &Difference) {
    let Difference { name, this, against, difference: by, p, wins, losses, ties, .. } = difference;
    let figure = |value: &f64| if name.ends_with("_ms") { format!("{value:.1}") } else { format!("{value:.4}") };
    let _ =
        write!(text, "  {title:<32}{:>10}{:>10}   {:<30}{p:>7.4}", figure(this), figure(against), interval(name, *by));
    if let (Some(wins), Some(losses), Some(ties)) = (wins, losses, ties) {
        let _ = write!(text, "   {wins}/{losses}/{ties}");
    }
    text.push('\n');
}
