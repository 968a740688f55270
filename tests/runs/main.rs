//! The run room: plans, states, and everything that can break in the middle.

mod first_run;
