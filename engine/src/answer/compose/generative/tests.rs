//! A composer over tiny passages.
