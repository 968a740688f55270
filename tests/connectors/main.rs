//! What holds for all connectors together.

mod agreement;
mod defects;
mod list;
mod matrix;
mod toy;
