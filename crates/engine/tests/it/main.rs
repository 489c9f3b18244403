//! Use cases on a real database, with frozen time, seeded chance and scripted networks.

mod media;
mod world;
