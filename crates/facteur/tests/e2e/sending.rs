//! Mail that programs give over HTTP: our own address for it, and the libraries of the services whose shapes are known.

mod hearing;
mod libraries;
mod own;
