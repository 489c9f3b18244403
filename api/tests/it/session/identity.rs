//! Signing in by providers that speak OpenID Connect.

mod browser;
mod issuer;
mod own;
mod people;
mod real;
mod steps;
mod tokens;
