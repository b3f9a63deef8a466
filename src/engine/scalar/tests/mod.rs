//! Tests of binding and evaluation.
