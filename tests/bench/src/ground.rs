//! How many wrong sentences the check of answers finds, and how many right ones it takes for wrong.
//!
//! `bench-ground DATA [MODELS] [--fit] [--show KIND]` builds right and wrong sentences from the shared sets in DATA (see
//! `tests/support/claims`), has each checked against its sources, and prints a table for each language: of each kind of
//! mistake how many sentences there are, recall (share that is withdrawn) and precision (share of wrong ones among those of the kind
//! and their right twins that are withdrawn). Without MODELS nothing is embedded. The table is of the half of the documents
//! on which nothing was fitted, and of the other half in parentheses. `--fit` prints the weights of `ground/support.rs` that
//! the development half gives; `--show KIND` prints sentences that were judged wrongly (`right` for right ones).

#[path = "../../support/claims/mod.rs"]
mod claims;
mod logistic;

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use taproot_engine::ground::{Grounder, Source, Verdict};
use taproot_engine::models::{Choice, Models};
use taproot_engine::text;
use taproot_schemas::answer::RetractReason;

use claims::{Claim, Kind, is_development};

const USAGE: &str = "usage: bench-ground DATA [MODELS] [--fit] [--show KIND]";
/// Sentences of a kind that are shown.
const SHOWN: usize = 40;

struct Checked {
    claim: Claim,
    verdict: Verdict,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|argument| argument == name);
    let show = option("--show").map(|at| arguments.get(at + 1).cloned().unwrap_or_default());
    let paths: Vec<&String> = arguments
        .iter()
        .enumerate()
        .filter(|(at, argument)| !argument.starts_with("--") && option("--show").is_none_or(|show| show + 1 != *at))
        .map(|(_, argument)| argument)
        .collect();
    let data = PathBuf::from(paths.first().ok_or(USAGE)?);
    let models = paths.get(1).map(|dir| Models::load(Path::new(dir), &Choice::default(), 1)).transpose()?.map(Arc::new);
    let claims = claims::claims(&data);
    let began = Instant::now();
    let mut checked = Vec::with_capacity(claims.len());
    for claim in claims {
        let sources: Vec<Source> =
            claim.sources.iter().map(|text| Source { text: text.text.clone(), beside: text.title.clone() }).collect();
        let grounder = Grounder::over(models.clone(), &claim.question, &sources);
        // Right sentences come with a right mark, wrong ones as well, and every third with one that is made up.
        let cited = if claim.twin % 3 == 0 { vec![97] } else { vec![claim.gold] };
        let verdict = grounder.check(&claim.sentence, &cited)?;
        checked.push(Checked { claim, verdict });
    }
    let each = began.elapsed().as_secs_f64() * 1_000.0 / checked.len().max(1) as f64;
    println!("{} sentences, {each:.2} ms each (with the preparation of its sources)", checked.len());
    for language in ["en", "zh"] {
        table(&checked, language);
    }
    mended(&checked);
    addressed(&data)?;
    if option("--fit").is_some() {
        fit(&checked);
    }
    if let Some(kind) = show {
        shown(&checked, &kind);
    }
    Ok(())
}

/// Counts of one kind in one half.
#[derive(Default)]
struct Tally {
    wrong: usize,
    found: usize,
    /// Right twins that were withdrawn.
    lost: usize,
}

impl Tally {
    fn recall(&self) -> f64 {
        self.found as f64 / self.wrong.max(1) as f64
    }

    fn precision(&self) -> f64 {
        self.found as f64 / (self.found + self.lost).max(1) as f64
    }
}

fn table(checked: &[Checked], language: &str) {
    let of_language = || checked.iter().filter(|checked| checked.claim.language == language);
    let withdrawn: HashMap<usize, bool> = of_language()
        .filter(|checked| checked.claim.wrong.is_none())
        .map(|checked| (checked.claim.twin, checked.verdict.fault.is_some()))
        .collect();
    let mut tallies: BTreeMap<Kind, [Tally; 2]> = BTreeMap::new();
    let mut right: BTreeMap<&str, [(usize, usize); 2]> = BTreeMap::new();
    for Checked { claim, verdict } in of_language() {
        let half = usize::from(is_development(claim));
        let failed = usize::from(verdict.fault.is_some());
        match claim.wrong {
            Some(kind) => {
                let tally = &mut tallies.entry(kind).or_default()[half];
                tally.wrong += 1;
                tally.found += failed;
                tally.lost += usize::from(withdrawn.get(&claim.twin).copied().unwrap_or(false));
            }
            None => {
                let (all, lost) = &mut right.entry(claim.made).or_default()[half];
                *all += 1;
                *lost += failed;
            }
        }
    }
    println!("\n{language}: kind              n        recall          precision");
    for (kind, [test, development]) in &tallies {
        println!(
            "{:<18} {:>5} ({:>5})  {:.3} ({:.3})   {:.3} ({:.3})",
            format!("{kind:?}"),
            test.wrong,
            development.wrong,
            test.recall(),
            development.recall(),
            test.precision(),
            development.precision()
        );
    }
    for (made, [test, development]) in &right {
        let share = |(all, lost): &(usize, usize)| *lost as f64 / (*all).max(1) as f64;
        println!(
            "right, {made:<11} {:>5} ({:>5})  withdrawn {:.3} ({:.3})",
            test.0,
            development.0,
            share(test),
            share(development)
        );
    }
}

/// Of right sentences with a mark that is made up: how many were given the passage that bears them out.
fn mended(checked: &[Checked]) {
    let marked =
        || checked.iter().filter(|c| c.claim.wrong.is_none() && c.claim.twin % 3 == 0 && c.verdict.fault.is_none());
    let right = marked().filter(|c| c.verdict.quotes.first().is_some_and(|quote| quote.hit == c.claim.gold)).count();
    println!("\nmade-up marks: {right} of {} sentences got the passage that bears them out", marked().count());
}

/// Of the sentences of the handbooks, which people wrote for people: how many are taken for orders to a model.
fn addressed(data: &Path) -> Result<(), Box<dyn Error>> {
    for set in ["handbook-en", "handbook-zh", "qa-en", "qa-zh"] {
        let (mut all, mut found) = (0, Vec::new());
        let mut folders = vec![data.join(set).join("documents")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(content) = std::fs::read_to_string(&path) {
                    let spans = text::sentences(&content);
                    all += spans.len();
                    let sentences = spans.iter().map(|span| text::slice_chars(&content, span.start, span.end));
                    found.extend(sentences.filter(|sentence| text::addresses_a_model(sentence)).map(str::to_owned));
                }
            }
        }
        println!("taken for orders to a model, {set}: {} of {all} sentences", found.len());
        found.iter().for_each(|sentence| println!("  {sentence}"));
    }
    Ok(())
}

/// Weights of the clues, from the development half: right sentences against those whose sources are another's, and those that
/// no other check has found.
fn fit(checked: &[Checked]) {
    for with_cosine in [true, false] {
        let rows: Vec<(Vec<f64>, bool)> = checked
            .iter()
            .filter(|checked| is_development(&checked.claim))
            .filter(|checked| matches!(checked.verdict.fault, None | Some(RetractReason::NotSupported)))
            .filter_map(|checked| {
                let clues = checked.verdict.clues.filter(|clues| !with_cosine || clues.cosine.is_some())?;
                let mut values: Vec<f64> = clues.values().iter().map(|value| f64::from(*value)).collect();
                if !with_cosine {
                    values.pop();
                }
                Some((values, checked.claim.wrong.is_none()))
            })
            .collect();
        let right = rows.iter().filter(|(_, right)| *right).count();
        println!("\n{} rows, {right} right, cosine: {with_cosine}", rows.len());
        if let Some(model) = logistic::fit(&rows) {
            println!(
                "bias {:.2}, weights {:?}",
                model.bias,
                model.weights.iter().map(|w| (w * 100.0).round() / 100.0).collect::<Vec<_>>()
            );
        }
    }
}

fn shown(checked: &[Checked], kind: &str) {
    let wanted = |claim: &Claim| claim.wrong.map_or("right".to_owned(), |kind| format!("{kind:?}")) == kind;
    let amiss = checked.iter().filter(|c| {
        is_development(&c.claim) && wanted(&c.claim) && c.verdict.fault.is_some() != c.claim.wrong.is_some()
    });
    for Checked { claim, verdict } in amiss.take(SHOWN) {
        println!(
            "\n{:?} {:.2} {:?}\n  {}\n  ? {}",
            verdict.fault, verdict.support, verdict.clues, claim.sentence, claim.question
        );
        for quote in &verdict.quotes {
            let text: String =
                claim.sources[quote.hit].text.chars().skip(quote.start).take(quote.end - quote.start).collect();
            println!("  < {text}");
        }
    }
}
