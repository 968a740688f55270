//! Crash points: the places at which a test ends the process, as `kill -9` would.
//!
//! A point stands on each side of every durable write and of every call to the outside: between any two of them the
//! world and the disk agree about everything that matters. `tests/crash-points/` runs the engine as a process, has it
//! killed at each point in turn, starts it again, and compares what came of it with an undisturbed run.
//!
//! Without the feature `points` a point is nothing at all, not even its name; and with it a release does not build.

#[cfg(all(feature = "points", not(debug_assertions)))]
compile_error!("crash points are for tests: a release is built without the feature `crash-points`");

#[cfg(feature = "points")]
mod points;

#[cfg(feature = "points")]
pub use points::{Arms, POINTS, arm, number, passed};

/// A place at which a test may end the process. Its name stands in the list of points.
#[cfg(feature = "points")]
#[macro_export]
macro_rules! point {
    ($name:literal) => {
        $crate::passed(const { $crate::number($name) })
    };
}

/// A place at which a test may end the process. In this build it is nothing.
#[cfg(not(feature = "points"))]
#[macro_export]
macro_rules! point {
    ($name:literal) => {};
}
