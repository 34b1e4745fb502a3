//! End to end: the real binary with real models, real files, a real browser. Nothing of it is replaced; only Slack is
//! a stand-in, a strict one.
//!
//! Each test has a data directory of its own, or only reads the one of `support::examples`. They run in parallel.

mod access;
mod api_page;
mod apis;
mod architecture;
mod ask;
mod browser;
mod canaries;
mod console;
mod contract;
mod conversations;
mod documents;
mod eval;
mod evaluations;
mod formats;
mod full_disk;
mod glossary;
mod grounding;
mod hostile;
mod http;
mod ingest;
mod jobs;
mod keys;
mod labels;
mod limits;
mod listing;
mod markdown;
mod models;
mod oidc;
mod origin;
mod processes;
mod query;
mod questions;
mod ranking;
mod recovery;
mod repeats;
mod search;
mod slack;
mod sources;
mod stream;
mod support;
mod sync;
mod unreadable;
mod updates;
mod uploads;
mod upstream;
mod widget;
