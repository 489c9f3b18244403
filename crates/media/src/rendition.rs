mod encode;
mod make;
mod plan;
mod render;
mod shape;

pub use make::make;
pub use plan::{Action, Plan, Recipe, plan};
pub use render::render;
pub use shape::PixelRect;

#[cfg(test)]
mod tests;
