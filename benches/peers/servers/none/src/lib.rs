//! A server without any authentication.
