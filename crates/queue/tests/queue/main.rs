//! The queue from outside: stories on a clock that is moved by hand, a store in memory and couriers that answer as told.

#[cfg(test)]
mod acts;
#[cfg(test)]
mod chance;
#[cfg(test)]
mod closures;
#[cfg(test)]
mod direct;
#[cfg(test)]
mod drafts;
#[cfg(test)]
mod fairness;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod faulty;
#[cfg(test)]
mod notice;
#[cfg(test)]
mod power;
#[cfg(test)]
mod road;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod story;
#[cfg(test)]
mod telling;
#[cfg(test)]
mod witness;
#[cfg(test)]
mod world;
