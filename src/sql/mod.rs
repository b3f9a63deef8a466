//! Text → plan: catalog, DataFusion front-end, refusals, view keys.
