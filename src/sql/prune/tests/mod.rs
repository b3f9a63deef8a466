//! What is left of plans, and that they answer the same.

mod cases;
mod same;
