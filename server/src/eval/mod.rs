//! Evaluation: how good retrieval and answers are on a set of questions, how far the figures can be trusted, and
//! whether another configuration is better.
//!
//! In: a folder of questions ([`layout`]), and what came for each (asked by `cli::eval`). Out: an
//! [`Evaluation`](taproot_schemas::eval::Evaluation), and a page for people. Nothing here asks a question or opens a store.

pub mod compare;
pub mod failures;
pub mod judge;
pub mod layout;
pub mod measures;
pub mod metrics;
pub mod page;
pub mod statistics;
mod tokens;
