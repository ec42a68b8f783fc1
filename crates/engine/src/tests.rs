//! The protocol by example.
