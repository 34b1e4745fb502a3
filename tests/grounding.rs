//! Of sentences that were made wrong, those with another number or another name are withdrawn, and few right ones with
//! them. `bench-ground` prints all of it.

use std::collections::HashMap;

use taproot_engine::ground::{Grounder, Source};

use crate::support::claims::{Claim, Kind, claims, is_development};
use crate::support::evaldata;

/// Recall of wrong sentences, and precision among them and their right twins, on documents that nothing was fitted on.
const FLOOR: f32 = 0.9;

#[test]
fn changed_numbers_and_names_are_found() {
    // Without models: what figures and names need is in the texts.
    let all: Vec<Claim> = claims(&evaldata::folder()).into_iter().filter(|claim| !is_development(claim)).collect();
    let checked = ["number", "name"].map(|what| {
        let wanted = |kind: Kind| match what {
            "number" => matches!(kind, Kind::Number | Kind::Date | Kind::Unit),
            _ => matches!(kind, Kind::NameOfPassage | Kind::NameOfAnother),
        };
        let wrong: Vec<&Claim> = all.iter().filter(|claim| claim.wrong.is_some_and(wanted)).collect();
        let twins: HashMap<usize, &Claim> =
            all.iter().filter(|claim| claim.wrong.is_none()).map(|claim| (claim.twin, claim)).collect();
        let found = wrong.iter().filter(|claim| is_withdrawn(claim)).count();
        let lost = wrong.iter().filter(|claim| is_withdrawn(twins[&claim.twin])).count();
        (what, wrong.len(), found, lost)
    });
    for (language, made) in
        [("en", "written"), ("en", "sentence"), ("en", "statement"), ("zh", "sentence"), ("zh", "statement")]
    {
        let of_kind = |claim: &&Claim| claim.wrong.is_none() && claim.language == language && claim.made == made;
        let right: Vec<&Claim> = all.iter().filter(of_kind).collect();
        let lost = right.iter().filter(|claim| is_withdrawn(claim)).count();
        println!("grounding: {lost} of {} right sentences withdrawn ({language}, {made})", right.len());
    }
    for (what, wrong, found, lost) in checked {
        let (recall, precision) = (found as f32 / wrong as f32, found as f32 / (found + lost) as f32);
        println!("grounding: {wrong} sentences with another {what}: recall {recall:.3}, precision {precision:.3}");
        assert!(wrong > 300, "{wrong} sentences with another {what}");
        assert!(recall >= FLOOR && precision >= FLOOR, "{what}: recall {recall:.3}, precision {precision:.3}");
    }
}

fn is_withdrawn(claim: &Claim) -> bool {
    let sources: Vec<Source> =
        claim.sources.iter().map(|text| Source { text: text.text.clone(), beside: text.title.clone() }).collect();
    let grounder = Grounder::over(None, &claim.question, &sources);
    grounder.check(&claim.sentence, &[claim.gold]).expect("no model is asked").fault.is_some()
}
