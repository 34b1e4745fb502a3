//! What one scope sees of the index: a bit for each chunk, with the counts that BM25 needs.
//!
//! Comes in: a searcher and a scope. Goes out: [`Visible`], by which hits are let through and statistics are counted,
//! so that nothing of a hidden chunk reaches a score. A segment never changes but for what is deleted from it, so its
//! part is read once for each scope and kept.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use quick_cache::sync::Cache;
use tantivy::index::SegmentId;
use tantivy::postings::BlockSegmentPostings;
use tantivy::schema::{Field, FieldType, IndexRecordOption, Schema};
use tantivy::{BitSet, DocId, Opstamp, Searcher, SegmentReader, Term};

use super::places::{AllPlaces, Places};
use super::{Fields, failed};
use crate::store::types::visible_groups;
use crate::{AccessScope, Result};

/// Scopes whose bits are kept, an eighth of a byte a chunk each; the one that was not asked for the longest goes.
const MAX_SCOPES: usize = 64;

/// Terms whose frequencies are kept, of each scope.
const MAX_FREQUENCIES: usize = 2_000;

/// The index as one scope sees it at one moment.
pub struct Visible {
    pub searcher: Searcher,
    seen: Arc<Seen>,
    /// In the order of the searcher.
    places: Vec<Arc<Places>>,
}

/// What a scope sees of each segment, in the order of the searcher.
struct Seen {
    segments: Vec<Arc<Segment>>,
    chunks: u64,
    /// Of each scored field: the tokens in it.
    tokens: Vec<(Field, u64)>,
    /// How many of the chunks have a term, of those that were last asked for: each search asks several times.
    frequencies: Cache<Term, u64>,
}

/// What a scope sees of one segment.
pub struct Segment {
    id: SegmentId,
    deletes: Option<Opstamp>,
    /// `None` when every chunk is seen.
    bits: Option<BitSet>,
    chunks: u32,
    /// In the order of [`scored`].
    tokens: Vec<u64>,
}

/// The scopes that were last asked for. Cheap to clone; all clones share them.
#[derive(Clone, Default)]
pub struct Scopes {
    last: Arc<Mutex<VecDeque<Kept>>>,
    places: AllPlaces,
}

/// Groups and collections in order, each once; `None` where the scope does not ask for them.
type Key = (Option<Vec<String>>, Option<Vec<String>>);
type Kept = (Key, Arc<Seen>);

impl Scopes {
    /// Makes ready for the segments that came, which may take a while, and forgets those that are gone.
    pub fn renew(&self, searcher: &Searcher) -> Result<()> {
        self.places.renew(searcher).map_err(failed)
    }

    pub fn view(&self, searcher: Searcher, fields: &Fields, scope: &AccessScope) -> Result<Visible> {
        let key = (in_order(&scope.groups), in_order(&scope.collections));
        let known = {
            let mut last = self.last.lock();
            let at = last.iter().position(|(other, _)| *other == key);
            let found = at.and_then(|at| last.remove(at));
            found.map(|entry| {
                let seen = Arc::clone(&entry.1);
                last.push_front(entry);
                seen
            })
        };
        let places = self.places.of(&searcher).map_err(failed)?;
        if let Some(seen) = known.as_ref().filter(|seen| seen.is_of(&searcher)) {
            return Ok(Visible { searcher, seen: Arc::clone(seen), places });
        }
        // Outside of the lock: two searches that both count is less bad than all that wait for one.
        let seen = Arc::new(Seen::read(&searcher, fields, scope, known.as_deref())?);
        let mut last = self.last.lock();
        last.retain(|(other, _)| *other != key);
        last.push_front((key, Arc::clone(&seen)));
        last.truncate(MAX_SCOPES);
        Ok(Visible { searcher, seen, places })
    }
}

fn in_order(names: &Option<Vec<String>>) -> Option<Vec<String>> {
    let mut names = names.clone()?;
    names.sort();
    names.dedup();
    Some(names)
}

impl Visible {
    /// Chunks that are seen.
    pub fn chunks(&self) -> u64 {
        self.seen.chunks
    }

    /// Tokens of a field in the chunks that are seen, each chunk's number as the index keeps it (a byte, so rounded).
    pub fn tokens(&self, field: Field) -> u64 {
        self.seen.tokens.iter().find(|(known, _)| *known == field).map_or(0, |(_, tokens)| *tokens)
    }

    pub fn segment(&self, ord: usize) -> &Arc<Segment> {
        &self.seen.segments[ord]
    }

    /// Where the chunks of a segment lie, hidden and deleted ones among them.
    pub fn places(&self, ord: usize) -> &Places {
        &self.places[ord]
    }

    /// Chunks that are seen and have this term.
    pub fn frequency(&self, term: &Term) -> tantivy::Result<u64> {
        if let Some(known) = self.seen.frequencies.get(term) {
            return Ok(known);
        }
        let count = self.count(term)?;
        self.seen.frequencies.insert(term.clone(), count);
        Ok(count)
    }

    fn count(&self, term: &Term) -> tantivy::Result<u64> {
        let mut count = 0;
        for (reader, seen) in self.segments() {
            count += match &seen.bits {
                None => u64::from(reader.inverted_index(term.field())?.doc_freq(term)?),
                Some(bits) => {
                    let mut count = 0;
                    each_block(reader, term, |docs| {
                        count += docs.iter().filter(|&&doc| bits.contains(doc)).count() as u64;
                        true
                    })?;
                    count
                }
            };
        }
        Ok(count)
    }

    /// Whether a chunk that is seen has this word in one of its scored fields.
    pub fn holds(&self, word: &str) -> tantivy::Result<bool> {
        let mut found = false;
        for &(field, _) in &self.seen.tokens {
            let term = Term::from_field_text(field, word);
            for (reader, seen) in self.segments() {
                each_block(reader, &term, |docs| {
                    found = found || docs.iter().any(|&doc| seen.sees(doc));
                    !found
                })?;
                if found {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn segments(&self) -> impl Iterator<Item = (&SegmentReader, &Arc<Segment>)> {
        self.searcher.segment_readers().iter().zip(&self.seen.segments)
    }
}

impl Seen {
    /// Takes the segments that `before` has from it.
    fn read(searcher: &Searcher, fields: &Fields, scope: &AccessScope, before: Option<&Seen>) -> Result<Seen> {
        let scored = scored(searcher.schema());
        let mut segments = Vec::with_capacity(searcher.segment_readers().len());
        for reader in searcher.segment_readers() {
            let known = before.and_then(|before| before.segments.iter().find(|segment| segment.is_of(reader)));
            segments.push(match known {
                Some(segment) => Arc::clone(segment),
                None => Arc::new(Segment::read(reader, fields, scope, &scored).map_err(failed)?),
            });
        }
        let of_all = |at: usize| segments.iter().map(|segment| segment.tokens[at]).sum();
        let tokens = scored.iter().enumerate().map(|(at, &field)| (field, of_all(at))).collect();
        let chunks = segments.iter().map(|segment| u64::from(segment.chunks)).sum();
        Ok(Seen { segments, chunks, tokens, frequencies: Cache::new(MAX_FREQUENCIES) })
    }

    fn is_of(&self, searcher: &Searcher) -> bool {
        let readers = searcher.segment_readers();
        readers.len() == self.segments.len() && self.segments.iter().zip(readers).all(|(seen, r)| seen.is_of(r))
    }
}

impl Segment {
    fn read(
        reader: &SegmentReader,
        fields: &Fields,
        scope: &AccessScope,
        scored: &[Field],
    ) -> tantivy::Result<Segment> {
        let with_any = |field: Field, values: &[String], within: Option<&BitSet>| -> tantivy::Result<BitSet> {
            let mut bits = BitSet::with_max_value(reader.max_doc());
            each_doc(reader, field, values, |doc| {
                if within.is_none_or(|within| within.contains(doc)) {
                    bits.insert(doc);
                }
            })?;
            Ok(bits)
        };
        let collections = scope.collections.as_ref();
        let within = collections.map(|names| with_any(fields.collection, names, None)).transpose()?;
        let mut bits = match visible_groups(scope) {
            None => within.unwrap_or_else(|| BitSet::with_max_value_and_full(reader.max_doc())),
            Some(groups) => with_any(fields.allow, &groups, within.as_ref())?,
        };
        each_doc(reader, fields.deny, scope.groups.as_deref().unwrap_or_default(), |doc| bits.remove(doc))?;
        if let Some(alive) = reader.alive_bitset() {
            bits.intersect_update(alive.bitset());
        }
        let tokens = scored.iter().map(|&field| {
            let lengths = reader.get_fieldnorms_reader(field)?;
            let set = |bucket: u32| bits.tinyset(bucket).into_iter().map(move |low| bucket * 64 + low);
            let seen = (0..reader.max_doc().div_ceil(64)).flat_map(set);
            Ok(seen.map(|doc| u64::from(lengths.fieldnorm(doc))).sum())
        });
        Ok(Segment {
            id: reader.segment_id(),
            deletes: reader.delete_opstamp(),
            tokens: tokens.collect::<tantivy::Result<_>>()?,
            chunks: u32::try_from(bits.len()).unwrap_or(u32::MAX),
            bits: (bits.len() < reader.max_doc() as usize).then_some(bits),
        })
    }

    fn is_of(&self, reader: &SegmentReader) -> bool {
        self.id == reader.segment_id() && self.deletes == reader.delete_opstamp()
    }

    pub fn sees(&self, doc: DocId) -> bool {
        self.bits.as_ref().is_none_or(|bits| bits.contains(doc))
    }
}

/// The fields that BM25 scores: those that keep how often a term is in them.
fn scored(schema: &Schema) -> Vec<Field> {
    let counts = |kind: &FieldType| match kind {
        FieldType::Str(text) => text.get_indexing_options().is_some_and(|options| options.index_option().has_freq()),
        _ => false,
    };
    schema.fields().filter(|(_, entry)| counts(entry.field_type())).map(|(field, _)| field).collect()
}

fn each_doc(
    reader: &SegmentReader,
    field: Field,
    values: &[String],
    mut take: impl FnMut(DocId),
) -> tantivy::Result<()> {
    values.iter().try_for_each(|value| {
        each_block(reader, &Term::from_field_text(field, value), |docs| {
            docs.iter().for_each(|&doc| take(doc));
            true
        })
    })
}

/// Goes through the chunks of a segment that have a term, deleted ones among them, as long as `go_on` says so.
fn each_block(reader: &SegmentReader, term: &Term, mut go_on: impl FnMut(&[DocId]) -> bool) -> tantivy::Result<()> {
    let index = reader.inverted_index(term.field())?;
    let postings: Option<BlockSegmentPostings> = index.read_block_postings(term, IndexRecordOption::Basic)?;
    let Some(mut postings) = postings else { return Ok(()) };
    while !postings.docs().is_empty() && go_on(postings.docs()) {
        postings.advance();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::Access;
    use crate::store::lexical::Lexical;
    use crate::store::types::{ChunkId, Filter, IndexedChunk};

    fn chunk(id: u128, text: &str, allow: &[&str], deny: &[&str]) -> IndexedChunk {
        let groups = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        IndexedChunk {
            id: ChunkId(Uuid::from_u128(id)),
            document_id: id.to_string(),
            version: 1,
            collection: "default".into(),
            access: Access { allow: groups(allow), deny: groups(deny) },
            language: None,
            title: "t".into(),
            heading: None,
            table_header: None,
            text: text.into(),
        }
    }

    fn scope(groups: &[&str]) -> AccessScope {
        AccessScope::groups(groups.iter().map(|group| (*group).to_owned()).collect())
    }

    fn hits(lexical: &Lexical, scope: &AccessScope, limit: usize) -> Vec<(u128, u32)> {
        let filter = Filter { scope: scope.clone(), collections: vec![], languages: vec![], documents: None };
        let terms = crate::text::terms("probe valve 年假");
        let found = lexical.search(&crate::store::Wanted::terms(&terms), &filter, limit).expect("a search");
        found.iter().map(|(id, score)| (id.0.as_u128(), score.to_bits())).collect()
    }

    #[test]
    fn what_is_hidden_or_deleted_counts_nowhere() {
        let dir = tempfile::tempdir().expect("a folder");
        let lexical = Lexical::open(dir.path()).expect("an index");
        let texts = ["the probe is dry", "a probe and a valve", "员工的年假", "nothing of it", "a probe and a valve"];
        for (id, text) in (1..).zip(texts) {
            lexical.upsert(&[chunk(id, text, &[], &[])]).expect("written");
            lexical.commit().expect("committed");
        }
        let staff = scope(&["staff"]);
        let idf =
            |scope: &AccessScope| lexical.idf(&crate::text::terms("probe valve 年假 gasket"), scope).expect("numbers");
        let (before, rare) = (hits(&lexical, &staff, 10), idf(&staff));
        assert_eq!((before.len(), hits(&lexical, &AccessScope::owner(), 10)), (4, before.clone()));

        // In the segments of the others and in some of their own, longer, with the same words and with others.
        for id in 10..30 {
            let secret = chunk(id, "the valve, the valve and the gasket of the probe, 年假", &["board"], &[]);
            let denied = chunk(100 + id, "probe", &[], &["staff"]);
            lexical.upsert(&[secret, denied]).expect("written");
            lexical.commit().expect("committed");
        }
        assert_eq!((hits(&lexical, &staff, 10), idf(&staff)), (before.clone(), rare.clone()));
        assert_ne!(idf(&scope(&["board"])), rare);
        let within = |name: &str| AccessScope::owner().within(Some(vec![name.into()]));
        assert_eq!(hits(&lexical, &within("default"), 100), hits(&lexical, &AccessScope::owner(), 100));
        assert!(hits(&lexical, &within("sales"), 100).is_empty());
        assert_eq!(hits(&lexical, &staff.clone().within(Some(vec!["default".into()])), 10), before);
        let sees = |word: &str, scope: &AccessScope| {
            let terms = crate::text::terms(word);
            terms.iter().all(|term| lexical.occurs(term, scope).expect("an answer"))
        };
        assert!(!sees("gasket", &staff) && sees("gasket", &scope(&["board"])) && sees("gasket", &AccessScope::owner()));
        assert!(sees("valve", &staff) && sees("年假", &staff));

        let gone: Vec<ChunkId> =
            (10..30).flat_map(|id| [id, 100 + id]).map(|id| ChunkId(Uuid::from_u128(id))).collect();
        lexical.delete(&gone);
        lexical.commit().expect("committed");
        let owner = AccessScope::owner();
        assert_eq!((hits(&lexical, &staff, 10), idf(&staff)), (before.clone(), rare.clone()));
        assert_eq!((hits(&lexical, &owner, 10), idf(&owner)), (before, rare));
        assert!(!sees("gasket", &owner));
        assert_eq!(hits(&lexical, &scope(&[]), 10), hits(&lexical, &owner, 10), "nothing is closed any more");
    }

    #[test]
    fn equal_scores_are_cut_by_id() {
        let dir = tempfile::tempdir().expect("a folder");
        let lexical = Lexical::open(dir.path()).expect("an index");
        for id in [5, 3, 9, 1, 7, 2] {
            lexical.upsert(&[chunk(id, "probe", &[], &[])]).expect("written");
            lexical.commit().expect("committed");
        }
        let ids: Vec<u128> = hits(&lexical, &scope(&[]), 3).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [1, 2, 3]);
    }

    #[test]
    fn more_scopes_than_are_kept_go_on_being_right() {
        let dir = tempfile::tempdir().expect("a folder");
        let lexical = Lexical::open(dir.path()).expect("an index");
        lexical.upsert(&[chunk(1, "probe", &["g7"], &[]), chunk(2, "probe", &[], &[])]).expect("written");
        lexical.commit().expect("committed");
        for round in 0..2 {
            for group in 0..MAX_SCOPES + 5 {
                let scope = scope(&[&format!("g{group}")]);
                assert_eq!(hits(&lexical, &scope, 10).len(), if group == 7 { 2 } else { 1 }, "{group} {round}");
            }
        }
    }
}
